# SPDX-License-Identifier: MIT
"""
What the locals' values are along an async function: live, lost by a wait, or not told apart from
EDDY_PENDING. Where two ways meet, a local is all that it is on either.
"""

UNSET, LIVE, LOST, POLLED = 1, 2, 4, 8


def join(a, b):
    """The state where two ways meet; None is a place that is not reached."""
    if a is None or b is None:
        return b if a is None else a
    out = dict(a)
    for var, (bits, line) in b.items():
        old = a.get(var, (0, 0))
        out[var] = (old[0] | bits, max(old[1], line))
    return out


class Flow:
    """
    Follow the locals' values through a Body's tree. A state maps a local to (bits, line of the last
    wait). A wait turns LIVE into LOST; a read of what may be LOST is a finding. Passes are repeated
    until the states kept at loops and labels grow no more; the last pass's findings stand.
    """

    def __init__(self, report):
        self.report, self.saved, self.frames = report, {}, []

    def run(self, tree):
        self.changed = True
        while self.changed:
            self.changed, self.found = False, {}
            self.frames = [{"kind": "function"}]
            self.go(tree, {})
        for (line, rule, name), text in self.found.items():
            self.report(line, rule, text)

    def go(self, node, state):
        return getattr(self, "go_" + node[0])(state, *node[1:])

    def save(self, key, state):
        old, new = self.saved.get(key), join(self.saved.get(key), state)
        if new is not None and (old is None or any(new[v][0] != old.get(v, (0,))[0] for v in new)):
            self.changed = True
            self.saved[key] = new

    def go_seq(self, state, nodes):
        for node in nodes:
            state = self.go(node, state)
        return state

    def go_ops(self, state, ops):
        if state is None or not ops:
            return state
        state = dict(state)
        for op in ops:
            getattr(self, "op_" + op[0])(state, *op[1:])
        return state

    def op_decl(self, state, var, initialised):
        state[var] = (LIVE if initialised else UNSET, 0)

    def op_write(self, state, var, polled):
        state[var] = (LIVE | POLLED if polled else LIVE, 0)

    def op_wait(self, state, result, line, touched):
        for var, (bits, _) in list(state.items()):
            if bits & (LIVE | LOST):
                state[var] = (bits & UNSET | LOST, line)
        for var in touched | ({result} if result else set()):
            state[var] = (LIVE, 0)

    def op_emit(self, state, var, line):
        bits, wait = state.get(var, (0, 0))
        if bits & LOST:
            self.found[line, "A4", var.name] = (
                f"*item was filled before the wait of line {wait}, and is other memory since: fill "
                "it between the last wait and EDDY_EMIT")

    def op_read(self, state, var, line, less):
        bits, wait = state.get(var, (0, 0))
        if bits & LOST and var.pointee:
            self.found[line, "A4", var.name] = (
                f"*item is read after the wait of line {wait}, and is other memory since: keep "
                "what is needed later in the frame")
        elif bits & LOST and (not var.fixed or var.written):
            self.found[line, "A4", var.name] = (
                f"local '{var.name}' is read after the wait of line {wait}, which loses its value: "
                f"keep it in the frame (self->{var.name}), or assign it again after the wait")
            state[var] = (UNSET, 0)
        elif bits & POLLED:
            if less:
                self.found[line, "A7", var.name] = (
                    f"'{var.name}' holds the result of a poll call and may be EDDY_PENDING, which "
                    "is negative too: wait for it with EDDY_POLL, or compare with EDDY_PENDING "
                    "first")
            state[var] = (bits & ~POLLED, wait)

    def go_if(self, state, condition, then, other):
        state = self.go_ops(state, condition)
        return join(self.go(then, state), self.go(other, state))

    def go_loop(self, state, kind, init, condition, step, body, endless):
        key = id(body)
        frame = {"kind": "loop"}
        state = join(self.go_ops(state, init), self.saved.get(key))
        if kind == "while":
            state = self.go_ops(state, condition)
            leaving = None if endless else state
        self.frames.append(frame)
        state = join(self.go(body, state), frame.get("continue"))
        self.frames.pop()
        if kind == "while":
            self.save(key, self.go_ops(state, step))
        else:
            state = self.go_ops(state, condition)
            leaving = None if endless else state
            self.save(key, state if kind == "do" else None)
        return join(leaving, frame.get("break"))

    def go_switch(self, state, condition, body, has_default):
        state = self.go_ops(state, condition)
        frame = {"kind": "switch", "entry": state}
        self.frames.append(frame)
        end = self.go(body, None)
        self.frames.pop()
        return join(join(end, frame.get("break")), None if has_default else state)

    def go_case(self, state):
        return join(state, self.frames[-1].get("entry"))

    def go_break(self, state):
        self.frames[-1]["break"] = join(self.frames[-1].get("break"), state)

    def go_continue(self, state):
        frame = next((f for f in reversed(self.frames) if f["kind"] == "loop"), self.frames[0])
        frame["continue"] = join(frame.get("continue"), state)

    def go_goto(self, state, label):
        self.save(label, state)

    def go_label(self, state, label):
        return join(state, self.saved.get(label))

    def go_leave(self, state, ops):
        self.go_ops(state, ops)

    def go_end(self, state, ops):
        self.go_ops(join(state, self.frames[0].get("break")), ops)
