// Test doubles of the CUDA libraries: what they share. Plain C++ behind the names and the ABI of the real entry points, written
// against their documentation; no header of NVIDIA's is used.
//
// Device memory is ordinary memory in a registry; queued work runs late, in an order among streams that a seed decides, and only
// as far as somebody waits for it, or now and then a little earlier. What the real libraries would refuse, or would be undefined
// behaviour on a GPU, is an error here, told on standard error and kept until the next reset.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace doubles {

enum class DataType { f32, f16, bf16 };

size_t size_of(DataType type);
float load(DataType type, const void* array, size_t index);
void store(DataType type, void* array, size_t index, float value);

// A point of a stream that an event has marked.
struct Mark {
    bool passed = false;
};

struct Operation {
    std::function<void()> work;    // or nothing
    std::shared_ptr<Mark> passes;  // marked when it runs, or nothing
    std::shared_ptr<Mark> awaits;  // must be passed before it may run, or nothing
    // must hold before it may run, or nothing; asked only of a stream's next operation; may take other threads and processes
    std::function<bool()> ready = nullptr;
};

// What was captured instead of being queued.
struct Graph {
    std::vector<Operation> operations;
};

struct Stream {
    int device;
    std::deque<Operation> operations;
    std::unique_ptr<Graph> capture = nullptr;
};

struct Event {
    int device;
    std::shared_ptr<Mark> mark;
};

// Everything is guarded by one lock; recursive, since entry points call each other.
std::recursive_mutex& lock();
#define DOUBLES_ENTER std::lock_guard<std::recursive_mutex> doubles_guard(doubles::lock())

// Remembers a breach of the rules; returns the code for the caller's convenience.
int breach(int code, const std::string& what);
bool broken();

uint64_t random_below(uint64_t bound);

bool is_stream(const Stream* stream);
// Of what a library's call queues.
void enqueue(Stream* stream, std::function<void()> work);
void enqueue(Stream* stream, Operation operation);
// Whether the tests ask that collective operations fail.
bool collectives_fail();
// Whether all bytes lie in one live allocation on a device.
bool on_device(const void* address, size_t bytes);
bool has_context();
// The device that the calling thread has set, or -1.
int device_of_thread();

// Counts a live object of a library; -1 when it is destroyed.
void count_objects(int change);

// A kernel with the values of its arguments.
struct Launch {
    std::function<void()> check;  // of the arguments, before a grid
    std::function<void()> thread;
};

struct Kernel {
    const char* name;
    Launch (*bind)(void** arguments);
};
extern const Kernel kernels[];
extern const size_t kernel_count;

// Runs a grid, block after block.
void run_grid(unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
              const std::function<void()>& thread);

}  // namespace doubles
