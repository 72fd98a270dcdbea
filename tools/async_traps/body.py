# SPDX-License-Identifier: MIT
"""
Statements and declarations of an async function, as a tree for flow.py. A node is a tuple that
begins with its kind; the findings that need no flow are reported while reading.
"""
from .expressions import KEYWORDS, TAGS, TYPEOF, Expressions, Var
from .source import is_name

BUILTIN = set(
    "void char short int long float double signed unsigned bool _Bool auto __auto_type __int128"
    " wchar_t size_t".split()
)
NOT_TRACKED = {"static", "extern", "typedef", "constexpr", "thread_local", "_Thread_local"}
POINTER_MARKS = {"*", "&", "&&", "const", "volatile", "restrict", "__restrict", "_Atomic"}
QUALIFIERS = POINTER_MARKS - {"*", "&", "&&"} | NOT_TRACKED | {
    "register", "inline", "__extension__"}
ATTRIBUTES = {"__attribute__", "_Alignas", "alignas", "__declspec"}
ALWAYS, NEVER = (["1"], ["true"]), (["0"], ["false"])


class Body(Expressions):
    """One function's body, the tokens [at, end): `tree` for Flow. `stream`: it has an *item."""

    def __init__(self, source, at, end, waits, report, stream=False):
        self.src, self.t, self.at, self.end = source, source.text, at, end
        self.waits, self.report = waits, report
        self.item = Var("item", source.line[at], False, pointee=True) if stream else None
        self.scopes, self.region, self.switches = [{"item": self.item}], "above", 0
        self.wait_end, self.wait_uses = 0, []
        self.has_begin = "EDDY_BEGIN" in self.t[at:end]
        self.tree = self.block(end)
        for var, line, wait_line in self.wait_uses:
            if not var.fixed or var.written:
                report(line, "A3", f"local '{var.name}' is used in a wait's expression, which is "
                       f"evaluated again at each resume: keep it in the frame (self->{var.name})",
                       wait_line)

    # Statements: each method reads one at self.at and leaves self.at behind it.

    def block(self, end):
        self.scopes.append({})
        nodes = []
        while self.at < end:
            nodes.append(self.statement(end))
        self.scopes.pop()
        self.at = end
        return ("seq", nodes)

    def statement(self, end):
        nodes = []
        while self.at < end and self.is_label():
            nodes.append(self.label(end))
        if self.at < end:
            nodes.append(self.unlabelled(end))
        return nodes[0] if len(nodes) == 1 else ("seq", nodes)

    def is_label(self):
        word = self.t[self.at]
        return word in ("case", "default") or (is_name(word) and self.t[self.at + 1] == ":")

    def label(self, end):
        word = self.t[self.at]
        self.at = self.stop(self.at, end, ":") + 1
        return ("case",) if word in ("case", "default") else ("label", word)

    def unlabelled(self, end):
        word = self.t[self.at]
        handler = getattr(self, "on_" + word, None) if is_name(word) else None
        if word == "{":
            return self.braces()
        if word == ";":
            self.at += 1
            return ("seq", [])
        if handler:
            return handler(end)
        if self.type_end(self.at, end) is not None:
            stop = self.stop(self.at, end)
            node = ("ops", self.declaration(self.at, stop))
            self.at = stop + 1
            return node
        return self.expression(end)

    def braces(self):
        close = self.closing(self.at)
        self.at += 1
        node = self.block(close)
        self.at = close + 1
        return node

    def stop(self, i, end, stops=";"):
        """The index of the first of `stops` outside brackets, or end."""
        while i < end and self.t[i] not in stops:
            i = self.closing(i) + 1 if self.t[i] in "([{" else i + 1
        return min(i, end)

    def expression(self, end):
        """An expression statement, or a macro before a statement, as in LIST_FOR_EACH(x, l) {."""
        start, word = self.at, self.t[self.at]
        if is_name(word) and self.t[start + 1] == "(" and word not in self.waits:
            after = self.closing(start + 1) + 1
            if after < end and (self.t[after] == "{" or is_name(self.t[after])):
                self.at = after
                if self.t[after] == "else":
                    return ("ops", self.ops(start, after))
                head = self.ops(start, after, macro=True)
                return ("loop", "while", [], head, [], self.statement(end), False)
        stop = self.stop(start, end)
        self.at = stop + 1
        return ("ops", self.ops(start, stop))

    def header(self):
        """The clauses in the brackets after a keyword: operations, and tokens; opens a scope."""
        while self.t[self.at] != "(" and self.at + 1 < self.end:
            self.at += 1
        i, close, clauses, words = self.at + 1, self.closing(self.at), [], []
        self.scopes.append({})
        while i <= close:
            stop = self.stop(i, close)
            declares = not clauses and self.type_end(i, stop, "=:,;") is not None
            clauses.append(self.declaration(i, stop) if declares else self.ops(i, stop, truth=True))
            words.append(self.t[i:stop])
            i = stop + 1
        self.at = close + 1
        return clauses, words

    def body(self, end):
        node = self.statement(end) if self.at < end else ("seq", [])
        self.scopes.pop()
        return node

    def on_if(self, end):
        clauses, _ = self.header()
        then, other = self.statement(end), ("seq", [])
        if self.at < end and self.t[self.at] == "else":
            self.at += 1
            other = self.statement(end)
        self.scopes.pop()
        return ("if", sum(clauses, []), then, other)

    def on_else(self, end):
        self.at += 1
        return self.statement(end) if self.at < end else ("seq", [])

    on_try = on_else

    def on_while(self, end):
        clauses, words = self.header()
        return ("loop", "while", [], sum(clauses, []), [], self.body(end), words[0] in ALWAYS)

    def on_for(self, end):
        clauses, words = self.header()
        if len(clauses) < 3:  # C++: for (auto x : list)
            return ("loop", "while", [], sum(clauses, []), [], self.body(end), False)
        endless = not words[1] or words[1] in ALWAYS
        return ("loop", "while", clauses[0], clauses[1], clauses[2], self.body(end), endless)

    def on_do(self, end):
        self.at += 1
        node = self.statement(end)
        if self.at >= end or self.t[self.at] != "while":
            return node
        clauses, words = self.header()
        self.scopes.pop()
        self.at += self.t[self.at] == ";"
        kind = "once" if words[0] in NEVER else "do"
        return ("loop", kind, [], sum(clauses, []), [], node, words[0] in ALWAYS)

    def on_switch(self, end):
        clauses, _ = self.header()
        start = self.at
        self.switches += 1
        node = self.body(end)
        self.switches -= 1
        return ("switch", sum(clauses, []), node, "default" in self.t[start:self.at])

    def jump(self, end, node):
        self.at = self.stop(self.at, end) + 1
        return node

    def on_break(self, end):
        return self.jump(end, ("break",))

    def on_continue(self, end):
        return self.jump(end, ("continue",))

    def on_goto(self, end):
        return self.jump(end, ("goto", self.t[self.at + 1]))

    def leave(self, end, kind):
        stop = self.stop(self.at, end)
        return self.jump(end, (kind, self.ops(self.at + 1, stop)))

    def on_return(self, end):
        if self.region == "inside":
            self.report(self.src.line[self.at], "A6",
                        "a plain return skips the mark that the frame has finished: use break or "
                        "goto to reach EDDY_END, or EDDY_RETURN(value)")
        return self.leave(end, "leave")

    def on_EDDY_RETURN(self, end):
        return self.leave(end, "leave")

    def on_EDDY_BEGIN(self, end):
        self.region = "inside"
        self.at += 1
        return ("seq", [])

    def on_EDDY_END(self, end):
        self.region = "below"
        return self.leave(end, "end")

    # Declarations.

    def type_end(self, i, end, follow="=:,;[{"):
        """The index behind the type, when a declaration starts at i; else None. See user_type."""
        t, typed = self.t, False
        while i < end:
            word = t[i]
            if word in TAGS and (self.t[i + 1] == "{" or is_name(self.t[i + 1])):
                i = self.skip_attributes(i + 1)
                i += is_name(t[i]) and t[i] not in KEYWORDS
                i = self.stop(i, end, ";{=,*") if t[i] == ":" else i
                i = self.closing(i) + 1 if t[i] == "{" else i
                typed = True
            elif word in TYPEOF or (word == "_Atomic" and t[i + 1] == "("):
                i, typed = self.closing(i + 1) + 1, True
            elif word in QUALIFIERS or word in BUILTIN:
                i, typed = i + 1, typed or word in BUILTIN
            elif self.skip_attributes(i) > i:
                i = self.skip_attributes(i)
            elif not typed and self.user_type(i, end, follow):
                i, typed = self.user_type(i, end, follow), True
            else:
                break
        return i if typed else None

    def skip_attributes(self, i):
        while (self.t[i] in ATTRIBUTES and self.t[i + 1] == "(") or self.t[i:i + 2] == ["[", "["]:
            i = self.closing(i + (self.t[i] != "[")) + 1
        return i

    def user_type(self, i, end, follow):
        """The index behind a user's type at i, if a declarator and one of `follow` come next."""
        t = self.t
        if not is_name(t[i]) or t[i] in KEYWORDS:
            return None
        i += 1
        while t[i] == "::" and is_name(t[i + 1]):
            i += 2
        if t[i] == "<":
            i = self.template_end(i, end)
        j = i
        while j < end and t[j] in POINTER_MARKS:
            j += 1
        if t[j] == "(":
            return i if t[j + 1] == "*" and self.t[self.closing(j) + 1] == "(" else None
        if not is_name(t[j]) or t[j] in KEYWORDS or t[j] in self.waits or t[j] == "EDDY_BEGIN":
            return None
        if j == i:
            return i if t[j + 1] != "(" else None
        return i if t[j + 1] in ("=:" if "&" in t[j - 1] else follow) else None

    def template_end(self, i, end):
        """The index behind A<B, C> when the brackets at i can be a template's; else i."""
        depth, j = 0, i
        while j < end and (is_name(t := self.t[j]) or t in ("<", ">", ">>", "::", ",", "*", "&")):
            depth += {"<": 1, ">": -1, ">>": -2}.get(t, 0)
            j += 1
            if depth <= 0:
                return j
        return i

    def declaration(self, i, end):
        """Declare what stands in [i, end) and return its operations."""
        first, j = i, self.type_end(i, end)
        tracked = not NOT_TRACKED.intersection(self.t[first:j])
        out = []
        while j < end:
            name, array, j = self.declarator(j, end)
            if name is None:
                break
            stop = self.stop(j, end, ",")
            initialised = j < end and self.t[j] in ("=", ":", "{")
            out += self.ops(j + 1, stop)
            self.declare(name, array, initialised, tracked, out)
            j = stop + 1
        return out

    def declarator(self, j, end):
        """(index of the name, is an array, index behind); no name for a prototype."""
        t, array = self.t, False
        while j < end and (t[j] in POINTER_MARKS or self.skip_attributes(j) > j):
            j = max(self.skip_attributes(j), j + (t[j] in POINTER_MARKS))
        inner = t[j] == "("
        name = j + 1 if inner else j
        while inner and t[name] in POINTER_MARKS:
            name += 1
        if j >= end or not is_name(t[name]):
            return None, False, end
        j = self.closing(j) + 1 if inner else j + 1
        while j < end and (t[j] in "[(" or t[j] in ATTRIBUTES):
            if t[j] == "(" and not inner:
                return None, False, end
            array = array or (t[j] == "[" and not inner)
            j = self.closing(j if t[j] in "[(" else j + 1) + 1
        return name, array, j

    def declare(self, at, array, initialised, tracked, out):
        name, line = self.t[at], self.src.line[at]
        if not tracked:
            self.scopes[-1][name] = None
            return
        var = self.scopes[-1][name] = Var(name, line, array)
        if initialised and self.region == "above" and self.has_begin and len(self.scopes) == 2:
            var.fixed = True
            self.report(line, "A2",
                        f"local '{name}' is initialised above EDDY_BEGIN, so what is assigned "
                        "later is lost on resume: declare it without a value, or keep it in the "
                        f"frame (self->{name})")
        out.append(("decl", var, initialised))
