# SPDX-License-Identifier: MIT
"""
Expressions of an async function: what they do to its locals, the poll calls and the waits in them.
Not a parser of C: it looks at each name and at its neighbours.
"""
from .source import is_name

TAGS = {"struct", "union", "enum", "class"}
TYPEOF = {"typeof", "__typeof__", "__typeof", "typeof_unqual", "decltype", "_BitInt"}
UNEVALUATED = {"sizeof", "_Alignof", "alignof", "offsetof", "_Static_assert"} | TYPEOF
KEYWORDS = set(
    "if else while do for switch case default return break continue goto sizeof delete throw new"
    " asm __asm__ co_return co_await co_yield try catch using namespace template operator"
    " and or xor not_eq".split()
)
ON_STACK = {"EDDY_INIT", "EDDY_FUTURE", "EDDY_FUTURES", "EDDY_STREAM_INIT"}
# Waits that evaluate some of what they are given once, before they begin: from which argument on.
ONCE = {"EDDY_JOIN2": 2, "EDDY_JOIN3": 2, "EDDY_SELECT2": 2, "EDDY_SELECT3": 2, "EDDY_EMIT": 0,
        "EDDY_EMIT_ERROR": 0}
COMPARE = {"<", "<=", ">", ">=", "==", "!="}
COMPOUND = {"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"}


class Var:
    """A local; `fixed` when initialised above EDDY_BEGIN, `written` when assigned after that."""

    def __init__(self, name, line, array, pointee=False):
        self.name, self.line, self.array = name, line, array
        self.pointee = pointee  # *item of a stream function: not the pointer, what is there
        self.fixed = self.written = False


class Expressions:
    """
    The part of Body that reads the tokens of one expression. Its operations, in order, are
    ("decl", var, initialised), ("read", var, line, less), ("write", var, polled),
    ("emit", var, line) and ("wait", result, line, touched).
    """

    def closing(self, i):
        """The index of the bracket that closes the one at i; the body's end if there is none."""
        return min(self.src.close.get(i, self.end), self.end)

    def lookup(self, i):
        """The local that the name at i stands for, if any."""
        t = self.t
        if t[i - 1] in (".", "->", "::", "goto") or t[i - 1] in TAGS or t[i + 1] == "::":
            return None
        if t[i - 1] == ")" and t[i - 3:i - 1] == ["(", "void"]:
            return None
        for scope in reversed(self.scopes):
            if t[i] in scope:
                return scope[t[i]]
        return None

    def ops(self, lo, hi, truth=False, macro=False):
        """The operations on locals in [lo, hi); `truth`: it is a condition, `macro`: see usage."""
        t, out, callees, pending, i = self.t, [], [], [], lo
        while i < hi:
            word = t[i]
            if word in "([{":
                callees.append(t[i - 1] if i > lo and word == "(" else "")
            elif word in ")]},;":
                del callees[len(callees) - (word in ")]}"):]
                while pending and pending[-1][0] >= len(callees) + (word in ")]}"):
                    out.append(pending.pop()[1])
            elif is_name(word):
                if word in self.waits and self.t[i + 1] == "(":
                    out += self.wait(i)
                    i = self.closing(i + 1)
                elif word in UNEVALUATED:
                    i = self.skip_operand(i + 1)
                    continue
                elif self.is_poll(i):
                    self.check_compared(i, lo, hi, truth)
                var = self.lookup(i) if is_name(t[i]) else None
                if var:
                    caps = macro or (callees and callees[-1].isupper())
                    self.mention(i, var, caps, out, pending, len(callees))
            i += 1
        return out + [op for _, op in reversed(pending)]

    def mention(self, i, var, caps, out, pending, depth):
        use, after = self.usage(i, var, caps)
        if use != "write":
            out.append(("read", var, self.src.line[i], self.is_less(i)))
        if use != "read":
            var.written = var.written or self.region != "above"
            write = ("write", var, use == "write" and self.polled(after))
            if use == "write" and self.t[after] == "=":
                pending.append((depth, write))  # after its right side has been read
            else:
                out.append(write)

    def usage(self, i, var, caps):
        """What the name at i does to its local: "read", "write" or "both"; and where it ends."""
        t, k = self.t, i + 1
        if var.pointee:
            return self.pointee_usage(i, caps)
        if t[i - 1] in ("++", "--"):
            return "both", k
        if t[k] == "->" or (t[k] in "[(" and not var.array):
            return "read", k
        if t[i - 1] == "*" and t[k] not in ("++", "--"):
            return "read", k
        while t[k] in (".", "["):
            k = k + 2 if t[k] == "." else self.closing(k) + 1
        if t[k] in COMPOUND:
            return "both", k
        addressed = t[i - 1] == "&" and (t[i - 2] in KEYWORDS or not self.is_operand(i - 2))
        bare = t[i - 1] in "(," and t[k] in "),"
        unknown = bare and (caps or t[i + 1] == ".") or (var.array and k == i + 1)
        return "write" if t[k] == "=" or addressed or unknown else "read", k

    def pointee_usage(self, i, caps):
        """The same of *item; a function that gets it, or a part of it, may fill it."""
        t, lo, k = self.t, i, i + 1
        while t[lo - 1] == "*" and not self.is_operand(lo - 2):
            lo -= 1
        if t[lo - 1] == "(" and t[k] == ")" and lo < i:
            lo, k = lo - 1, k + 1
        while t[k] in (".", "->", "["):
            k = self.closing(k) + 1 if t[k] == "[" else k + 2
        if t[k] in COMPOUND or t[lo - 1] in ("++", "--"):
            return "both", k
        part = t[lo - 1] in "(," and t[k] in "),"
        filled = t[k] == "=" or t[lo - 1] == "&" or k == i + 1 and lo == i
        return "write" if filled or part and (caps or lo == i) else "read", k

    def is_operand(self, i):
        """Whether the token at i ends an operand for sure (a `)` may end a cast)."""
        return self.t[i] == "]" or self.t[i][0] == "_" or self.t[i][0].isalnum()

    def skip_operand(self, i):
        if self.t[i] == "(":
            return self.closing(i) + 1
        while self.t[i] in "*&":
            i += 1
        return i + 1

    def is_less(self, i):
        less = self.t[i + 1] in ("<", "<=") or self.t[i - 1] in (">", ">=")
        return less and "EDDY_PENDING" not in self.t[i:self.stop(i, self.end, ";{")]

    # Poll calls.

    def is_poll(self, i):
        word = self.t[i]
        if self.t[i + 1] != "(" or self.t[i - 1] in (".", "->") or word.endswith("_poll_fn"):
            return False
        return "_poll_" in word or (
            word.endswith("_poll") and "task" in self.t[i + 2:self.closing(i + 1)])

    def polled(self, i):
        """Whether the assignment whose `=` stands at i takes the plain result of a poll call."""
        i += 1
        while self.t[i] == "(" and self.closing(i) < self.end:  # a cast
            i = self.closing(i) + 1
        return is_name(self.t[i]) and self.is_poll(i) and self.t[self.closing(i + 1) + 1] in ";)"

    def widen(self, a, b, lo, hi):
        """One step from the value in [a, b] to the brackets, cast or assignment around it."""
        t = self.t
        before, after = t[a - 1] if a > lo else "", t[b + 1] if b + 1 < hi else ""
        if before == ")":
            left = self.src.open.get(a - 1, lo)
            return (left, b) if left >= lo and not is_name(t[left - 1]) else (a, b)
        k = a - 1
        if before == "=":
            k = a - 2
            while k > lo and (is_name(t[k]) or t[k] in (".", "->", "*")):
                k -= 1
        if k >= lo and t[k] == "(" and after == ")" and not (k > lo and is_name(t[k - 1])):
            return k, b + 1
        return a, b

    def check_compared(self, i, lo, hi, truth):
        a, b, old = i, self.closing(i + 1), None
        while (a, b) != old:
            old = a, b
            a, b = self.widen(a, b, lo, hi)
        before, after = self.t[a - 1] if a > lo else "", self.t[b + 1] if b + 1 < hi else ""
        if after in COMPARE or before in COMPARE:
            near = self.t[b + 2:b + 4] if after in COMPARE else self.t[a - 3:a - 1]
            wrong = "EDDY_PENDING" not in near
        else:
            wrong = before in ("!", "&&", "||") or after in ("&&", "||", "?")
            wrong = wrong or (truth and a == lo and b == hi - 1)
        if wrong:
            self.report(self.src.line[i], "A7",
                        f"the result of {self.t[i]}() is compared outside of EDDY_POLL, so "
                        "EDDY_PENDING is taken for an error or an answer: wait for it with "
                        "EDDY_POLL, or compare with EDDY_PENDING first")

    # Waits.

    def wait(self, i):
        """What a wait evaluates once, before it begins, then the wait itself."""
        name, line, close = self.t[i], self.src.line[i], self.closing(i + 1)
        self.check_place(line, name)
        self.wait_end = self.src.line[close]
        args = self.arguments(i + 2, close)
        again = args[:ONCE.get(name, len(args))]
        once = [op for lo, hi in args[len(again):] for op in self.ops(lo, hi)]
        if name == "EDDY_EMIT" and self.item:
            once.append(("emit", self.item, line))
        for lo, hi in args[len(again):]:
            self.check_stack(lo, hi, line)
        for lo, hi in again[1:] if "AWAIT" in name else again[1:2] if name == "EDDY_NEXT" else []:
            self.check_made(lo, hi, line)
        if not again:
            return once + [("wait", None, line, set())]
        result, touched = self.result(*again[0], line)
        for lo, hi in again[1:]:
            touched |= self.touched(lo, hi, line)
        return once + [("wait", result, line, touched)]

    def arguments(self, lo, close):
        """The ends of each argument of a macro, [lo, hi)."""
        out = []
        while lo < close:
            comma = self.stop(lo, close, ",")
            out.append((lo, comma))
            lo = comma + 1
        return out

    def result(self, lo, hi, line):
        """The local that a wait's first argument names, if any, and the locals it uses beside."""
        while self.t[lo] == "(" and self.closing(lo) == hi - 1:
            lo, hi = lo + 1, hi - 1
        plain = is_name(self.t[lo]) and self.t[lo + 1] != "->"  # n, pair.n or list[i]
        result = self.lookup(lo) if plain else None
        if result:
            result.written = True
        return result, self.touched(lo + plain, hi, line)

    def check_place(self, line, name):
        if self.switches:
            self.report(line, "A1",
                        f"{name} inside a nested switch, to which its resume label would belong: "
                        "use if and else, or put the work into an async child")
        if line <= self.wait_end:
            self.report(line, "A5", "two waits on one source line would share one resume label: "
                        "give each a line of its own")
        if self.has_begin and self.region != "inside":
            self.report(line, "A6", f"{name} outside of EDDY_BEGIN and EDDY_END, where no resume "
                        "can reach it: move it between them")

    def check_made(self, lo, hi, wait_line):
        for i in range(lo, hi):
            word = self.t[i]
            maker = word in ON_STACK or word == "EDDY_STREAM_NEW" or word.startswith("eddy_")
            if maker and self.t[i + 1] == "(":
                self.report(self.src.line[i], "A3", f"{word} in what is awaited is evaluated again "
                            "at each resume, and makes a new one each time: assign it to a member "
                            "first", wait_line)

    def check_stack(self, lo, hi, wait_line):
        for i in range(lo, hi):
            if self.t[i] in ("EDDY_INIT", "EDDY_FUTURE") and self.t[i + 1] == "(":
                if not self.is_given_away(i, lo):
                    self.report(self.src.line[i], "A3", f"{self.t[i]} makes a future on the stack, "
                                "which is gone at the first resume: assign it to a member first, "
                                "or box it by eddy_box()", wait_line)

    def is_given_away(self, i, lo):
        """Whether the value made at i is an argument of a function, which takes a copy."""
        left = max((k for k in range(lo, i) if self.t[k] == "(" and self.closing(k) > i),
                   default=None)
        return left is not None and left > lo and is_name(self.t[left - 1])

    def touched(self, lo, hi, wait_line):
        """The locals in the part [lo, hi) of a wait; those it does not assign first are traps."""
        seen, i = set(), lo
        while i < hi:
            if self.t[i] in UNEVALUATED:
                i = self.skip_operand(i + 1)
                continue
            var = self.lookup(i) if is_name(self.t[i]) else None
            if var and var not in seen:
                seen.add(var)
                if self.t[i + 1] != "=" and not var.pointee:
                    self.wait_uses.append((var, self.src.line[i], wait_line))
            i += 1
        return seen
