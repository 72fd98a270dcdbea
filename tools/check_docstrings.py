#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that everything EDDY_API marks in the public headers has a complete docstring right above:
/** first sentence, one @param per parameter, @return unless void, and a word on Thread: */
An eddy__ name is there for a macro, not for people: any comment right above does.

usage: tools/check_docstrings.py [HEADER...]     (default: include/eddy/*.h, and the add-ons')
"""
import glob
import re
import sys

COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n\\]|\\.)*', re.M | re.S)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
MARKS = re.compile(r'\b(EDDY_(API|NODISCARD|NORETURN|EXTERN_C_BEGIN|EXTERN_C_END)|extern)\b')


def blank(match):
    """The same number of lines and characters, nothing in them."""
    return re.sub(r'[^\n]', ' ', match.group())


class Declaration:
    """One EDDY_API declaration: its name, parameters, whether it returns, its docstring."""

    def __init__(self, text, doc, line):
        self.line, self.doc = line, doc
        text = ' '.join(MARKS.sub(' ', text).split())
        found = re.search(r'\b(eddy_\w+) ?\(', text)
        self.is_function = found is not None
        if not self.is_function:
            names = re.findall(r'\beddy_\w+', re.sub(r'\[.*', '', text))
            self.name, self.params, self.returns = (names or ['?'])[-1], [], False
            return
        self.name = found.group(1)
        self.returns = text[:found.start()].strip() != 'void'
        self.params = [param_name(p) for p in split(inside(text, found.end()))]


def inside(text, start):
    """What stands between the parenthesis that opened before start and its partner."""
    depth, at = 1, start
    while depth and at < len(text):
        depth += {'(': 1, ')': -1}.get(text[at], 0)
        at += 1
    return text[start:at - 1]


def split(text):
    """The parameters: cut at the commas that are in no parenthesis."""
    if text.strip() in ('', 'void'):
        return []
    parts, depth = [''], 0
    for char in text:
        depth += {'(': 1, ')': -1}.get(char, 0)
        if char == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip() != '...']


def param_name(text):
    """Its name, or None: 'const char *text', 'void (*run)(void *arg)', 'int pair[2]'."""
    pointer = re.search(r'\(\s*\*\s*(\w+)\s*\)', text)
    if pointer:
        return pointer.group(1)
    words = re.findall(r'\w+', re.sub(r'\[.*', '', text))
    words = [w for w in words if w not in ('const', 'volatile', 'restrict', 'struct', 'enum')]
    return words[-1] if len(words) > 1 else None


def declarations(source):
    """Every EDDY_API declaration of a header's text."""
    code = STRING.sub(blank, COMMENT.sub(blank, source))
    code = DIRECTIVE.sub(blank, code)
    code = re.sub(r'\bEDDY_EXTERN_C_(BEGIN|END)\b', lambda m: ' ' * (len(m.group()) - 1) + ';', code)
    comments = {match.end(): match for match in COMMENT.finditer(source)}
    for mark in re.finditer(r'\bEDDY_API\b', code):
        start = max(code.rfind(c, 0, mark.start()) for c in ';}{') + 1
        end = code.find(';', mark.end())
        statement = code[start:end]
        first = start + len(statement) - len(statement.lstrip())
        above = comments.get(len(source[:first].rstrip()))
        doc = above.group() if above else None
        yield Declaration(statement, doc, source.count('\n', 0, mark.start()) + 1)


def lacks(declaration):
    """What the declaration's docstring lacks."""
    doc = declaration.doc
    if doc and declaration.name.startswith('eddy__'):
        return []
    if not doc or not doc.startswith('/**'):
        return ['no /** docstring directly above']
    found = []
    text = re.sub(r'^\s*\*+ ?', '', doc[3:-2], flags=re.M)
    if not re.match(r'[^@]*?\w[^@]*?[.:?!](\s|$)', text):
        found.append('no first sentence')
    if not declaration.is_function:
        return found
    if None in declaration.params:
        found.append('a parameter without a name')
    names = [name for name in declaration.params if name]
    told = re.findall(r'@param\s+(\w+)', text)
    found += [f'no @param {name}' for name in names if name not in told]
    found += [f'@param {name}, but no such parameter' for name in told if name not in names]
    found += [f'@param {name} twice' for name in set(told) if told.count(name) > 1]
    if declaration.returns != bool(re.search(r'@return\s+\S', text)):
        found.append('no @return' if declaration.returns else '@return, but it returns void')
    if not re.search(r'\bThread:\s*\w', text):
        found.append('no word on Thread:')
    return found


def main():
    if '-h' in sys.argv or '--help' in sys.argv:
        print(__doc__.strip())
        return 0
    headers = sys.argv[1:] or sorted(glob.glob('include/eddy/*.h') +
                                     glob.glob('addons/*/include/eddy/*.h'))
    count, findings = 0, 0
    for path in headers:
        with open(path, encoding='utf-8') as file:
            for declaration in declarations(file.read()):
                count += 1
                for text in lacks(declaration):
                    findings += 1
                    print(f'{path}:{declaration.line}: {declaration.name}: {text}')
    print(f'docstrings: {count} declarations, {findings} findings')
    return 1 if findings or not count else 0


if __name__ == '__main__':
    sys.exit(main())
