# SPDX-License-Identifier: MIT
"""
What is done with each example while it runs with a fault: its scene, a client or server that does a
small exchange and bears with whatever the fault makes of it. It tells what is wrong as a problem of
its run: who waits for ever, and wrong bytes.
"""
import itertools
import re
import select
import signal
import socket
import subprocess
import time

from runs import PATTERN, Broken
from support import free_address


# ---- the examples: what is done with each ------------------------------------------------------

def serve(exchange, *arguments, number=signal.SIGTERM):
    """The scene of a server: three exchanges, then a signal."""
    def scene(run):
        process = run.start(*arguments)
        address = run.address(process)
        for _ in range(3 if address else 0):
            if process.poll() is not None:
                break
            run.client(exchange, run, process, address)
        run.wait(process, number)
        if run.breaks and process.returncode == 0:
            run.problem(f'{run.breaks} clients were broken without a fault')
    return scene


def echo(run, _process, address):
    client = run.connect(address)
    for size in 1, 300, 5000:
        client.sendall(PATTERN[:size])
        run.expect(client, PATTERN[:size])
    client.shutdown(socket.SHUT_WR)
    run.expect_end(client)


def talk_until_heard(run, address):
    """Two members of a chat, of whom the second has heard the first; what it heard is still there."""
    one, other = run.connect(address), run.connect(address)
    for number in itertools.count():
        one.sendall(b'%06d\n' % number)
        ready = select.select([one, other], [], [], 0.02)[0]
        if one in ready and not one.recv(10000):
            raise Broken  # put out; else it hears what one who was put out has said before
        if other in ready:
            break
        if time.monotonic() > run.until:
            raise TimeoutError
    return one, other


def leave_chat(one, other):
    one.shutdown(socket.SHUT_WR)
    while one.recv(10000):
        pass
    other.shutdown(socket.SHUT_WR)
    while other.recv(10000):
        pass


def chat(run, _process, address):
    one, other = talk_until_heard(run, address)
    line = run.receive(other, len('client '))
    if line != b'client ':
        run.problem(f'wrong bytes: {line}')
    leave_chat(one, other)


def chat_style(run, _process, address):
    """The same; lines of the room itself come from number 0."""
    one, other = talk_until_heard(run, address)
    line = b''
    while not line.endswith(b'\n'):
        line += run.receive(other, 1)
    if not re.fullmatch(rb'\d+: (\d{6}|\d+ lines missed)\n', line):
        run.problem(f'wrong bytes: {line}')
    leave_chat(one, other)


def hello_http(run, _process, address):
    client = run.connect(address)
    for last in False, True:
        client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n%s\r\n' %
                       (b'Connection: close\r\n' if last else b''))
        answer = b''
        while not answer.endswith(b'\r\n\r\nHello, World!'):
            answer += run.receive(client, 1)
        if not answer.startswith(b'HTTP/1.1 200 OK\r\n'):
            run.problem(f'wrong bytes: {answer}')
    run.expect_end(client)


def proxy_scene(run):
    backend = run.listen()

    def exchange(run, process, address):
        client = run.connect(address)
        client.sendall(PATTERN[:3000])
        while True:
            server = run.accept(backend, process, client)
            if server is None:
                raise Broken
            try:
                run.expect(server, PATTERN[:3000])
                break
            except (Broken, ConnectionError):
                pass  # that of a client before, which was given up
        server.sendall(PATTERN[7:2000])
        run.expect(client, PATTERN[7:2000])
        client.shutdown(socket.SHUT_WR)
        run.expect_end(server)
        server.close()
        run.expect_end(client)

    serve(exchange, '127.0.0.1:0', '127.0.0.1:%d' % backend.getsockname()[1])(run)


def retry_server(run, _process, address):
    client = run.connect(address)
    number = time.monotonic_ns() * 1000 + retry_server.count
    retry_server.count += 1
    client.sendall(b'%d word\n%d word\n' % (number, number))
    lines = b''
    while lines.count(b'\n') < 2:
        lines += run.receive(client, 1)
    if not re.fullmatch(rb'(%d \d+ word\n)\1' % number, lines):
        run.problem(f'wrong bytes: {lines}')
    client.shutdown(socket.SHUT_WR)
    run.expect_end(client)


retry_server.count = 0


def guide_server(run):
    address = free_address()
    process = run.start(str(address[1]))
    while process.poll() is None and run.left() > 0.05:
        try:
            run.connect(address).close()  # it listens in silence
            break
        except ConnectionRefusedError:
            time.sleep(0.005)
    for _ in range(3):
        if process.poll() is None:
            run.client(echo, run, process, address)
    run.allowed_signal = signal.SIGTERM  # it has no handler
    run.wait(process, signal.SIGTERM)


def hello(run):
    listener = run.listen()
    process = run.start(f'--port={listener.getsockname()[1]}')
    server = run.accept(listener, process)
    answer = PATTERN[:5000]

    def exchange():
        request = b''
        while not request.endswith(b'\r\n\r\n'):
            request += run.receive(server, 1)
        server.sendall(answer)

    if server is not None:
        run.client(exchange)
        server.close()
    run.wait(process)
    if process.returncode == 0 and run.out != answer and not (run.fault and run.out == b''):
        run.problem(f'wrong bytes: {run.out[:40]}')


def ask(run):
    """Whom it asks answers each time; it may ask again, on a new connection, when a fault was made."""
    listener = run.listen()
    process = run.start(f'127.0.0.1:{listener.getsockname()[1]}', stdin=subprocess.PIPE)
    try:
        process.stdin.write(b'how are you?\n')
        process.stdin.close()
    except BrokenPipeError:
        pass  # it has ended by the fault already
    while True:
        server = run.accept(listener, process)
        if server is None:
            break
        try:
            run.expect(server, b'how are you?\n')
            server.sendall(b'fine\n')
        except (Broken, ConnectionError):
            if not run.fault:
                run.problem('a connection broke without a fault')
        except TimeoutError:
            run.problem('hangs: it asks nothing')
    run.wait(process)
    answer = rb'attempt \d: fine\n' if run.fault else rb'attempt 1: fine\n'
    if process.returncode == 0 and not re.fullmatch(answer, run.out):
        run.problem(f'wrong bytes: {run.out}')


def connect(run):
    listener = run.listen()
    process = run.start(f'127.0.0.1:{listener.getsockname()[1]}', stdin=subprocess.PIPE)
    server = run.accept(listener, process)

    def exchange():
        process.stdin.write(PATTERN[:4000])
        run.expect(server, PATTERN[:4000])
        server.sendall(b'an answer\n')
        process.stdin.close()
        run.expect_end(server)
        server.sendall(b'a late answer\n')

    if server is not None:
        try:
            run.client(exchange)
        except BrokenPipeError:
            pass
        server.close()
    run.wait(process)
    if process.returncode == 0 and not run.fault and run.out != b'an answer\na late answer\n':
        run.problem(f'wrong bytes: {run.out}')


def redis_like(run, _process, address):
    """Requests of one client, in one piece; a store without memory says so."""
    client = run.connect(address)
    key = b'key-%d' % time.monotonic_ns()
    client.sendall(resp(b'PING', b'SET %b %b' % (key, PATTERN[33:127].replace(b' ', b'_')),
                        b'GET %b' % key, b'INCR n-%b' % key, b'DEL %b' % key, b'QUIT'))
    run.expect(client, b'+PONG\r\n')
    answer = run.receive(client, 5)
    if run.fault and answer[:1] == b'-':
        raise Broken
    value = b'$94\r\n' + PATTERN[33:127].replace(b' ', b'_') + b'\r\n'
    rest = run.receive(client, len(value))
    if answer + rest != b'+OK\r\n' + value:
        run.problem(f'wrong bytes: {answer + rest}')
    answer = run.receive(client, 4)
    if run.fault and answer[:1] == b'-':
        raise Broken
    if answer != b':1\r\n':
        run.problem(f'wrong bytes: {answer}')
    run.expect(client, b':1\r\n+OK\r\n')
    run.expect_end(client)


def resp(*requests):
    """As clients of Redis send them."""
    parts = []
    for request in requests:
        words = request.split(b' ')
        parts.append(b'*%d\r\n' % len(words))
        parts += [b'$%d\r\n%b\r\n' % (len(word), word) for word in words]
    return b''.join(parts)


def redis_client(run):
    """It asks a server that reads all before it answers anything."""
    listener = run.listen()
    process = run.start(f'127.0.0.1:{listener.getsockname()[1]}', '--', 'SET greeting hello',
                        'LRANGE list 0 -1', 'GET nothing', 'SET hits')
    server = run.accept(listener, process)

    def exchange():
        run.expect(server, resp(b'SET greeting hello', b'LRANGE list 0 -1', b'GET nothing',
                                b'SET hits'))
        server.sendall(b'+OK\r\n*2\r\n$1\r\na\r\n:7\r\n$-1\r\n-ERR no value\r\n')
        run.expect_end(server)

    if server is not None:
        run.client(exchange)
        server.close()
    run.wait(process)
    shown = b'> SET greeting hello\nOK\n> LRANGE list 0 -1\n1) "a"\n2) (integer) 7\n' \
            b'> GET nothing\n(nil)\n> SET hits\n(error) ERR no value\n'
    if process.returncode == 0 and run.out != shown:
        run.problem(f'wrong bytes: {run.out}')


def line_chat(run, _process, address):
    """The first line is the name of who says it."""
    one, other = talk_until_heard(run, address)
    line = b''
    while not line.endswith(b'\n'):
        line += run.receive(other, 1)
    if not re.fullmatch(rb'\d{6}: \d{6}\n|\* \d{6} (is here|has left)\n|\* \d+ lines are lost\n',
                        line):
        run.problem(f'wrong bytes: {line}')
    leave_chat(one, other)


def tinydb(run, _process, address):
    client = run.connect(address)
    key = b'key-%d' % time.monotonic_ns()
    client.sendall(b'SET %b a value\nGET %b\nGET\n' % (key, key))
    answers = b''
    while answers.count(b'\n') < 3:
        answers += run.receive(client, 1)
    if run.fault and answers.startswith(b'error: out of memory\n'):
        raise Broken
    if answers != b'set %b = a value\n%b = a value\nerror: it is GET key, or SET key value\n' % (
            key, key):
        run.problem(f'wrong bytes: {answers}')


def udp_echo(run, process, address):
    """What is lost is sent again."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    run.sockets.append(client)
    client.connect(address)
    for size in 1, 0, 300, 5000:
        client.settimeout(0.2)
        while process.poll() is None:
            try:
                client.send(PATTERN[:size])
                got = client.recv(65536)
                if got == PATTERN[:size]:
                    break
                if not run.fault:
                    run.problem(f'wrong bytes: {got[:40]} instead of {PATTERN[:size][:40]}')
            except ConnectionRefusedError:
                pass  # it is ending
            except TimeoutError:
                if time.monotonic() > run.until:
                    raise


def embed_poll(run):
    process = run.start('--port=0', stdin=subprocess.PIPE)
    address = run.address(process)
    try:
        for _ in range(3 if address else 0):
            if process.poll() is not None:
                break
            run.client(echo, run, process, address)
            process.stdin.write(b'how is it\n')
        process.stdin.close()
    except BrokenPipeError:
        pass  # it has ended by the fault already
    run.wait(process)
    if process.returncode == 0 and not run.fault and run.out.count(b' clients so far, ') != 3:
        run.problem(f'wrong bytes: {run.out}')


def numbered(run):
    process = run.start(stdin=subprocess.PIPE)
    try:
        process.stdin.write(b'one\n\nthree')
        process.stdin.close()
    except BrokenPipeError:
        pass
    run.wait(process)
    if process.returncode == 0 and run.out != b'1: one\n2: \n3: three\n':
        run.problem(f'wrong bytes: {run.out}')


def fetch(run):
    """From a server that closes each connection behind its answer."""
    listener = run.listen()
    process = run.start('--at-once=2', f'http://127.0.0.1:{listener.getsockname()[1]}/[1-4]')
    while True:
        server = run.accept(listener, process)
        if server is None:
            break
        try:
            request = b''
            while not request.endswith(b'\r\n\r\n'):
                request += run.receive(server, 1)
            server.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 3000\r\nConnection: close\r\n\r\n' +
                           PATTERN[:3000])
            server.close()
        except (Broken, ConnectionError):
            if not run.fault:
                run.problem('a connection broke without a fault')
        except TimeoutError:
            run.problem('hangs: it asks nothing')
    run.wait(process)
    if process.returncode == 0 and run.out != b'4 files, 12000 bytes, 0 failed\n':
        run.problem(f'wrong bytes: {run.out}')


def alone(*arguments):
    """The scene of a program that ends by itself."""
    def scene(run):
        run.wait(run.start(*arguments))
    return scene


EXAMPLES = {
    'echo': serve(echo, '--port=0'),
    'echo_threads': serve(echo, '--port=0'),
    'chat': serve(chat, '--port=0'),
    'hello_http': serve(hello_http, '--port=0'),
    'proxy': proxy_scene,
    'hello': hello,
    'connect': connect,
    'redis_like': serve(redis_like, '--port=0'),
    'redis_client': redis_client,
    'line_chat': serve(line_chat, '--port=0'),
    'tinydb': serve(tinydb, '--port=0'),
    'udp_echo': serve(udp_echo, '--port=0'),
    'udp_framed': alone(),
    'embed_poll': embed_poll,
    'libuv/embed_libuv': serve(echo, '--port=0'),
    'curl/fetch': fetch,
    'retry': alone(),
    'retry --port': serve(retry_server, '--port=0'),
    'guide/the_loop': alone(),
    'guide/core': alone(),
    'guide/handle': alone(),
    'guide/remote': alone(),
    'guide/simulated': alone(),
    'guide/echo_server': guide_server,
    'guide/numbered': numbered,
    'styles/echo_poll': serve(echo, '--port=0'),
    'styles/echo_async': serve(echo, '--port=0'),
    'styles/echo_group': serve(echo, '--port=0'),
    'styles/ask_poll': ask,
    'styles/ask_async': ask,
    'styles/chat_poll': serve(chat_style, '--port=0'),
    'styles/chat_async': serve(chat_style, '--port=0'),
    'styles/chat_group': serve(chat_style, '--port=0'),
}
EXAMPLES.update((f'guide/{name}', alone()) for name in (
    'async blocking body cancel codec cursor datagrams drop either foreign forked framed frames '
    'futures group kept lengths limits messages names passing recursion relay resp scope several '
    'shutdown signals sinks streams trait upgrade').split())
