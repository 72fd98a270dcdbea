// SPDX-License-Identifier: MIT
//
// program.h - what the programs of this folder share: a check, a loop of one's own, and the value of
// a future of any type. Private to tests/cxx.
#ifndef CXX_PROGRAM_H
#define CXX_PROGRAM_H

#include <eddy/eddy.h>

#include <cstdio>
#include <cstdlib>

inline void require_at(bool good, const char *what, const char *file, int line)
{
    if (good)
        return;
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
    std::exit(1);
}

#define REQUIRE(condition) require_at((condition), #condition, __FILE__, __LINE__)

// A loop by epoll, freed with the block.
class Loop
{
  public:
    Loop()
    {
        eddy_core_options options = {};

        options.size_bytes = sizeof options;
        options.driver = "epoll";
        REQUIRE(eddy_core_new(&options, &core) == 0);
    }
    ~Loop()
    {
        REQUIRE(eddy_core_free(core) == 0);
    }
    Loop(const Loop &) = delete;
    Loop &operator=(const Loop &) = delete;

    eddy_handle *handle() const
    {
        return eddy_core_handle(core);
    }
    eddy_result run(eddy_future *future) const
    {
        return eddy_core_run(core, future);
    }

  private:
    eddy_core *core = nullptr;
};

#endif
