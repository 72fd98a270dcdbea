# SPDX-License-Identifier: MIT
"""
C text as tokens. Comments, literals and preprocessor lines are told apart and put aside; nothing is
expanded. Of a comment only `check_async: allow A3` is kept, of a literal only its place.
"""
import re

TOKEN = re.compile(
    r"""
    (?P<space>(?:\s|\\\n)+)
  | (?P<comment>/\*.*?(?:\*/|\Z) | //(?:\\\n|[^\n])*)
  | (?P<raw>(?:u8|[uUL])?R"(?P<mark>[^()\\\s"]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"? | (?:u8|[uUL])?'(?:\\.|[^'\\\n])*'?)
  | (?P<directive>\#(?:\\\n | /\*.*?\*/ | //(?:\\\n|[^\n])* | "(?:\\.|[^"\\\n])*" | [^\n])*)
  | (?P<number>\.?\d(?:[eEpP][+-]|'?[\w.])*)
  | (?P<name>[^\W\d]\w*)
  | (?P<mark_op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|[-+*/%&|^<>=!]=|&&|\|\||::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
ALLOW = re.compile(r"check_async:\s*allow\s+(A\d(?:[\s,]+A\d)*)")
DIRECTIVE = re.compile(r"#\s*(\w*)\s*(.*)", re.DOTALL)
OPENERS = {")": "(", "]": "[", "}": "{"}


class Source:
    """One file as tokens: text[i] and line[i]; close[i] and open[i] pair the brackets."""

    def __init__(self, code):
        self.text, self.line, self.allowed = [], [], {}
        self.depth, self.branches, self.skip = 0, [], False
        line = 1
        for match in TOKEN.finditer(code):
            kind, word = match.lastgroup, match.group()
            if kind in ("name", "number", "mark_op"):
                self._add(word, line)
                continue
            if kind in ("string", "raw"):
                self._add('""', line)
            elif kind == "comment":
                self._comment(word, line)
            elif kind == "directive":
                self._directive(word)
            line += word.count("\n")
        self._pair()
        self.text += [";"] * 4  # so that one may look ahead
        self.line += [line] * 4

    def _add(self, word, line):
        if self.skip:
            return
        if word in "([{":
            self.depth += 1
        elif word in ")]}":
            self.depth -= 1
        self.text.append(word)
        self.line.append(line)

    def _comment(self, word, line):
        match = ALLOW.search(word)
        if match:
            rules = re.findall(r"A\d", match.group(1))
            for at in range(line, line + word.count("\n") + 1):
                self.allowed.setdefault(at, set()).update(rules)

    def _directive(self, word):
        """Read every branch of an #if, unless one left a bracket open: then only that one."""
        name, rest = DIRECTIVE.match(word).groups()
        if name in ("if", "ifdef", "ifndef"):
            self.branches.append((self.skip, self.depth))
            self.skip = self.skip or (name == "if" and rest.strip() == "0")
        elif name in ("elif", "else", "elifdef", "elifndef") and self.branches:
            outer, depth = self.branches[-1]
            self.skip = outer or self.depth != depth
        elif name == "endif" and self.branches:
            self.skip = self.branches.pop()[0]

    def _pair(self):
        self.close, self.open, stack = {}, {}, []
        for i, word in enumerate(self.text):
            if word in "([{":
                stack.append(i)
            elif word in ")]}":
                while word == "}" and stack and self.text[stack[-1]] != "{":
                    stack.pop()  # left open within the block
                if stack and self.text[stack[-1]] == OPENERS[word]:
                    left = stack.pop()
                    self.close[left], self.open[i] = i, left

    def allows(self, rule, lines):
        return any(rule in self.allowed.get(at, ()) for line in lines for at in (line, line - 1))


def is_name(word):
    return word[0] == "_" or word[0].isalpha()
