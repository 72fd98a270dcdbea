/* SPDX-License-Identifier: MIT */
/*
 * asio.cc - asio's server: handlers, which are faster than coroutines, on one io_context that is
 * told that it has one thread. The type of the executor is spelled out, which saves a virtual call;
 * an answer is sent at once (write_some), and only what a full socket leaves of it waits
 * (async_write).
 */
#include <asio.hpp>
#include <memory>
#include <vector>

#include "../load/pattern.h"
#include "http.h"

using asio::ip::tcp;
using asio::ip::udp;
using executor = asio::io_context::executor_type;
using stream_socket = asio::basic_stream_socket<tcp, executor>;
using datagram_socket = asio::basic_datagram_socket<udp, executor>;
using date_timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, executor>;
using error_code = asio::error_code;

static asio::io_context context(1);

/* An accepted one has TCP_NODELAY: Linux gives it on from the one that listens. */
static void prepare(stream_socket &socket)
{
    error_code ignored; /* a connection that has gone meanwhile is seen at its first read */

    socket.non_blocking(true, ignored);
}

/* What the socket takes now. False: the connection is broken. */
static bool send_some(stream_socket &socket, const char *bytes, std::size_t size, std::size_t &sent)
{
    error_code error;

    sent = socket.write_some(asio::buffer(bytes, size), error);
    return !error || error == asio::error::would_block;
}

/* ---- listening ---- */

template <class Open> class listener
{
  public:
    listener(std::uint16_t port, Open open)
        : acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), port), true),
          open_(open)
    {
        acceptor_.set_option(tcp::no_delay(true));
        acceptor_.listen(SERVER_BACKLOG);
        accept();
    }

  private:
    void accept()
    {
        acceptor_.async_accept([this](error_code error, stream_socket socket) {
            if (!error) {
                prepare(socket);
                open_(std::move(socket));
            }
            accept();
        });
    }

    asio::basic_socket_acceptor<tcp, executor> acceptor_;
    Open open_;
};

template <class Open> static void serve(const server_args *args, Open open)
{
    listener<Open> listening(args->port, open);

    context.run();
}

/* ---- echo and http ---- */

/* A connection that answers what it reads; it has one operation under way, always, and is deleted
 * where there is none any more. */
template <class Answer> class stream
{
  public:
    explicit stream(stream_socket socket)
        : socket_(std::move(socket)), bytes_(new char[SERVER_READ_BYTES])
    {
    }

    void read()
    {
        socket_.async_read_some(asio::buffer(bytes_.get(), SERVER_READ_BYTES),
                                [this](error_code error, std::size_t got) {
                                    if (error || !answer(got))
                                        delete this;
                                });
    }

  private:
    bool answer(std::size_t got)
    {
        const char *out;
        std::size_t size, sent = 0;

        if (!answer_.take(bytes_.get(), got, out, size))
            return false;
        if (size > 0 && !send_some(socket_, out, size, sent))
            return false;
        if (sent == size)
            read();
        else
            send_rest(out + sent, size - sent);
        return true;
    }

    /* A copy, because answers are written where the next ones are, too. */
    void send_rest(const char *bytes, std::size_t size)
    {
        rest_.assign(bytes, bytes + size);
        asio::async_write(socket_, asio::buffer(rest_), [this](error_code error, std::size_t) {
            if (error)
                delete this;
            else
                read();
        });
    }

    stream_socket socket_;
    std::unique_ptr<char[]> bytes_; /* no page is touched before it is used */
    std::vector<char> rest_;
    Answer answer_;
};

struct echo_answer {
    bool take(const char *bytes, std::size_t got, const char *&out, std::size_t &size)
    {
        out = bytes;
        size = got;
        return true;
    }
};

static struct http_answer http_page;
static char http_answers[HTTP_ANSWERS_MAX];

struct http_answerer {
    struct http_head head = {};

    ~http_answerer()
    {
        http_head_free(&head);
    }
    bool take(const char *bytes, std::size_t got, const char *&out, std::size_t &size)
    {
        int requests = http_take(&head, bytes, got);

        out = http_answers;
        size = requests > 0 ? http_answer_copy(&http_page, http_answers, requests) : 0;
        return requests >= 0;
    }
};

static void run_echo(const server_args *args)
{
    serve(args, [](stream_socket socket) { (new stream<echo_answer>(std::move(socket)))->read(); });
}

static void date(date_timer &timer)
{
    http_answer_date(&http_page, "asio");
    timer.expires_after(std::chrono::milliseconds(500));
    timer.async_wait([&timer](error_code) { date(timer); });
}

static void run_http(const server_args *args)
{
    date_timer timer(context);

    date(timer);
    serve(args,
          [](stream_socket socket) { (new stream<http_answerer>(std::move(socket)))->read(); });
}

/* ---- udp ---- */

/* Waits until there is something, then answers all that there is: no operation for each datagram. */
class datagrams
{
  public:
    explicit datagrams(std::uint16_t port)
        : socket_(context, udp::endpoint(asio::ip::address_v4::loopback(), port))
    {
        socket_.set_option(asio::socket_base::receive_buffer_size(SERVER_UDP_BUFFER));
        socket_.non_blocking(true);
        wait();
    }

  private:
    void wait()
    {
        socket_.async_wait(datagram_socket::wait_read, [this](error_code) {
            for (int i = 0; i < AT_ONCE && answer(); i++)
                continue;
            wait();
        });
    }

    bool answer()
    {
        error_code error;
        udp::endpoint from;
        std::size_t got = socket_.receive_from(asio::buffer(bytes_), from, 0, error);

        if (error)
            return false;
        socket_.send_to(asio::buffer(bytes_, got), from, 0, error);
        if (error == asio::error::would_block) {
            /* On loopback the buffer is hardly ever full, so waiting for it may hold the loop. */
            socket_.wait(datagram_socket::wait_write, error);
            socket_.send_to(asio::buffer(bytes_, got), from, 0, error);
        }
        return true;
    }

    enum { AT_ONCE = 64 };
    datagram_socket socket_;
    char bytes_[SERVER_DATAGRAM_MAX];
};

static void run_udp(const server_args *args)
{
    datagrams answered(args->port);

    context.run();
}

/* ---- proxy ---- */

/* A client and its upstream. Each direction is a chain of operations; the last one to end deletes. */
class pair
{
  public:
    explicit pair(stream_socket client)
        : ways_{{std::move(client), nullptr}, {stream_socket(context), nullptr}}
    {
        for (way &one : ways_)
            one.bytes.reset(new char[SERVER_READ_BYTES]);
    }

    void connect(std::uint16_t port)
    {
        tcp::endpoint upstream(asio::ip::address_v4::loopback(), port);

        ways_[1].from.async_connect(upstream, [this](error_code error) {
            if (error) {
                delete this;
                return;
            }
            prepare(ways_[1].from);
            ways_[1].from.set_option(tcp::no_delay(true), error);
            read(0);
            read(1);
        });
    }

  private:
    struct way {
        stream_socket from; /* the other way's: where its bytes go */
        std::unique_ptr<char[]> bytes;
    };

    void read(int at)
    {
        ways_[at].from.async_read_some(asio::buffer(ways_[at].bytes.get(), SERVER_READ_BYTES),
                                       [this, at](error_code error, std::size_t got) {
                                           if (error == asio::error::eof)
                                               end(at);
                                           else if (error)
                                               fail();
                                           else
                                               pass(at, got);
                                       });
    }

    void pass(int at, std::size_t got)
    {
        stream_socket &to = ways_[1 - at].from;
        const char *bytes = ways_[at].bytes.get();
        std::size_t sent;

        if (!send_some(to, bytes, got, sent)) {
            fail();
        } else if (sent == got) {
            read(at);
        } else {
            asio::async_write(to, asio::buffer(bytes + sent, got - sent),
                              [this, at](error_code error, std::size_t) {
                                  if (error)
                                      fail();
                                  else
                                      read(at);
                              });
        }
    }

    /* Half of it is closed: the other direction goes on. */
    void end(int at)
    {
        error_code ignored;

        ways_[1 - at].from.shutdown(stream_socket::shutdown_send, ignored);
        finish();
    }

    /* With its sockets closed the other direction ends, too. */
    void fail()
    {
        error_code ignored;

        for (way &one : ways_)
            one.from.close(ignored);
        finish();
    }

    void finish()
    {
        if (--running_ == 0)
            delete this;
    }

    way ways_[2];
    int running_ = 2;
};

static void run_proxy(const server_args *args)
{
    serve(args,
          [args](stream_socket client) { (new pair(std::move(client)))->connect(args->upstream); });
}

/* ---- source ---- */

static struct pattern pattern;

/* Writes out of the pattern, where it lies; as much at a time as the socket takes. */
class source
{
  public:
    explicit source(stream_socket socket) : socket_(std::move(socket))
    {
    }

    void write()
    {
        socket_.async_write_some(asio::buffer(pattern_at(&pattern, sent_), PATTERN_SLICE),
                                 [this](error_code error, std::size_t sent) {
                                     sent_ += sent;
                                     if (error)
                                         delete this;
                                     else
                                         write();
                                 });
    }

  private:
    stream_socket socket_;
    std::uint64_t sent_ = 0;
};

static void run_source(const server_args *args)
{
    pattern_fill(&pattern);
    serve(args, [](stream_socket socket) { (new source(std::move(socket)))->write(); });
}

int main(int argc, char **argv)
{
    static const server_mode modes[] = {{"echo", run_echo},     {"http", run_http},
                                        {"udp", run_udp},       {"proxy", run_proxy},
                                        {"source", run_source}, {nullptr, nullptr}};

    return server_main(argc, argv, modes);
}
