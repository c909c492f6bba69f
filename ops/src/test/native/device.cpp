// The CUDA runtime and driver: memory, streams, events, modules, launches.
#include "doubles.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace doubles {
namespace {

constexpr size_t kGuard = 256;
constexpr unsigned char kGuardByte = 0xA5;
constexpr long kTold = 5;
constexpr size_t kMemory = size_t(4) << 30;

constexpr int kHost = -1;

struct Allocation {
    int device;
    size_t bytes;
    unsigned char* base;
};

struct Module {
    bool loaded = true;
};

struct State {
    std::map<uintptr_t, Allocation> device;
    std::map<uintptr_t, Allocation> pinned;
    std::vector<Stream*> streams;  // in the order of their creation, so that a seed means the same in every run
    std::set<Event*> events;
    std::set<Module*> modules;
    std::set<Graph*> graphs;  // and executable ones
    long objects = 0;
    long breaches = 0;
    long unexpected = 0;
    long allocations_left = -1;
    long launches_left = -1;
    size_t device_bytes = 0;
    std::string last = "no breach";
    bool sticky = false;
    bool collectives_fail = false;
    std::mt19937_64 random{0};
    unsigned eagerness = 8;
};

State& state() {
    static State* instance = new State;
    return *instance;
}

thread_local int current_device = -1;

// One, or as many as the environment says, of which each process has its own.
int device_count() {
    const char* text = std::getenv("SANDGLASS_CUDA_DOUBLES");
    return text == nullptr ? 1 : std::atoi(text);
}

// Compute capability, 90 being 9.0: of the first device what the environment says.
int capability(int device) {
    const char* text = std::getenv("SANDGLASS_CUDA_FIRST_CAPABILITY");
    return text == nullptr || device > 0 ? 90 : std::atoi(text);
}

const Allocation* find(const std::map<uintptr_t, Allocation>& registry, const void* address, size_t bytes) {
    uintptr_t at = reinterpret_cast<uintptr_t>(address);
    auto after = registry.upper_bound(at);
    if (after == registry.begin()) {
        return nullptr;
    }
    auto found = std::prev(after);
    bool inside = at - found->first <= found->second.bytes && bytes <= found->second.bytes - (at - found->first);
    return inside ? &found->second : nullptr;
}

void* allocate(std::map<uintptr_t, Allocation>& registry, int device, size_t bytes) {
    void* base = nullptr;
    size_t all = (bytes + 255) / 256 * 256 + 2 * kGuard;
    if (posix_memalign(&base, 256, all) != 0) {
        return nullptr;
    }
    unsigned char* start = static_cast<unsigned char*>(base);
    std::memset(start, kGuardByte, all);
    std::memset(start + kGuard, 0xFF, bytes);  // a NaN in every type
    registry[reinterpret_cast<uintptr_t>(start + kGuard)] = {device, bytes, start};
    return start + kGuard;
}

size_t bytes_of(const std::map<uintptr_t, Allocation>& registry) {
    size_t bytes = 0;
    for (const auto& [address, allocation] : registry) {
        bytes += allocation.bytes;
    }
    return bytes;
}

bool guards_intact(const Allocation& allocation) {
    const unsigned char* base = allocation.base;
    for (size_t i = 0; i < kGuard; i++) {
        if (base[i] != kGuardByte || base[kGuard + allocation.bytes + i] != kGuardByte) {
            return false;
        }
    }
    return true;
}

int release(std::map<uintptr_t, Allocation>& registry, void* address, const char* call) {
    auto found = registry.find(reinterpret_cast<uintptr_t>(address));
    if (found == registry.end()) {
        return breach(1, std::string(call) + ": not an allocation of this kind");
    }
    bool intact = guards_intact(found->second);
    std::memset(found->second.base, 0xFF, found->second.bytes + 2 * kGuard);
    std::free(found->second.base);
    registry.erase(found);
    return intact ? 0 : breach(1, std::string(call) + ": somebody wrote beyond the allocation");
}

bool may_run(const Stream* stream) {
    if (stream->operations.empty()) {
        return false;
    }
    const Operation& next = stream->operations.front();
    return (!next.awaits || next.awaits->passed) && (!next.ready || next.ready());
}

bool run_one() {
    std::vector<Stream*> ready;
    for (Stream* stream : state().streams) {
        if (may_run(stream)) {
            ready.push_back(stream);
        }
    }
    if (ready.empty()) {
        return false;
    }
    Stream* chosen = ready[random_below(ready.size())];
    Operation operation = std::move(chosen->operations.front());
    chosen->operations.pop_front();
    if (operation.work) {
        operation.work();
    }
    if (operation.passes) {
        operation.passes->passed = true;
    }
    return true;
}

// Whether a stream stands before something that other threads may yet bring about.
bool others_may_come() {
    for (Stream* stream : state().streams) {
        if (!stream->operations.empty() && stream->operations.front().ready && !stream->operations.front().ready()) {
            return true;
        }
    }
    return false;
}

bool is_busy(int device) {
    for (Stream* stream : state().streams) {
        if (stream->device == device && !stream->operations.empty()) {
            return true;
        }
    }
    return false;
}

std::condition_variable_any& changed() {
    static std::condition_variable_any* instance = new std::condition_variable_any;
    return *instance;
}

int run_until(const std::function<bool()>& condition) {
    auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
        if (run_one()) {
            continue;
        }
        if (!others_may_come() || std::chrono::steady_clock::now() > patience) {
            return breach(719, "waits for what will never happen");
        }
        changed().wait_for(lock(), std::chrono::microseconds(200));
    }
    return state().sticky ? 700 : 0;
}

void push(Stream* stream, Operation operation) {
    if (stream->capture) {
        if (operation.passes || operation.awaits || operation.ready) {
            breach(900, "events and collective operations are not expected in a capture");
        }
        stream->capture->operations.push_back(std::move(operation));
        return;
    }
    stream->operations.push_back(std::move(operation));
    changed().notify_all();
    if (state().eagerness > 0 && random_below(state().eagerness) == 0) {
        for (uint64_t steps = 1 + random_below(12); steps > 0 && run_one(); steps--) {
        }
    }
}

int check_stream(const Stream* stream, const char* call) {
    return is_stream(stream) ? 0 : breach(400, std::string(call) + ": not a stream (the default stream is not to be used)");
}

// Lets go of what a test that failed has left, so that the next one is judged by itself.
void forget() {
    for (Stream* stream : state().streams) {
        delete stream;
    }
    for (Event* event : state().events) {
        delete event;
    }
    for (Module* module : state().modules) {
        delete module;
    }
    for (Graph* graph : state().graphs) {
        delete graph;
    }
    state().graphs.clear();
    for (auto* registry : {&state().device, &state().pinned}) {
        for (auto& entry : *registry) {
            std::free(entry.second.base);
        }
        registry->clear();
    }
    state().streams.clear();
    state().events.clear();
    state().modules.clear();
    state().objects = 0;
    state().device_bytes = 0;
}

// SANDGLASS_CUDA_FAULT=FILE:KERNEL:N: the N-th launch of a kernel in this process fails, and every later call, as after an illegal
// address on a GPU; only in the first process that comes so far, which removes the file.
bool fails_as_told(const std::string& kernel) {
    static long launched = 0;
    const char* text = std::getenv("SANDGLASS_CUDA_FAULT");
    std::string told = text == nullptr ? "" : text;
    size_t last = told.rfind(':');
    size_t first = last == 0 || last == std::string::npos ? last : told.rfind(':', last - 1);
    if (last == std::string::npos || first == std::string::npos || told.substr(first + 1, last - first - 1) != kernel
        || ++launched != std::atol(told.c_str() + last + 1)) {
        return false;
    }
    return unlink(told.substr(0, first).c_str()) == 0;
}

int entered(const char* call) {
    if (current_device < 0) {
        return breach(201, std::string(call) + ": no device is set for this thread");
    }
    return state().sticky ? 700 : 0;
}

}  // namespace

std::recursive_mutex& lock() {
    static std::recursive_mutex* mutex = new std::recursive_mutex;
    return *mutex;
}

int breach(int code, const std::string& what) {
    state().breaches++;
    state().last = what;
    if (state().breaches > kTold) {
        return code;
    }
    std::fprintf(stderr, "CUDA double: %s\n", what.c_str());
    return code;
}

// A breach by work that was queued: every later call fails, as after an illegal address on a GPU.
void late_breach(const std::string& what) {
    breach(700, what);
    state().sticky = true;
}

bool broken() { return state().sticky; }

uint64_t random_below(uint64_t bound) { return state().random() % bound; }

bool is_stream(const Stream* stream) {
    return std::find(state().streams.begin(), state().streams.end(), stream) != state().streams.end();
}

void enqueue(Stream* stream, std::function<void()> work) { enqueue(stream, {std::move(work), nullptr, nullptr}); }

void enqueue(Stream* stream, Operation operation) {
    if (stream->device != current_device) {
        breach(400, "a library's call on a stream of another device than the thread's");
    }
    push(stream, std::move(operation));
}

bool collectives_fail() { return state().collectives_fail; }

bool on_device(const void* address, size_t bytes) { return find(state().device, address, bytes) != nullptr; }

bool has_context() { return current_device >= 0; }

int device_of_thread() { return current_device; }

void count_objects(int change) { state().objects += change; }

}  // namespace doubles

using namespace doubles;

#define ENTER(call)                          \
    DOUBLES_ENTER;                           \
    if (int refused = doubles::entered(call)) { \
        return refused;                      \
    }

extern "C" {

// What a generated stub calls: nothing that the product relies on may end here.
int sandglass_unexpected(const char* name, int code) {
    DOUBLES_ENTER;
    state().unexpected++;
    return breach(code, std::string("unexpected call of ") + name);
}

// The tests' own door, behind entry points that the product does not use: limits that no CUDA has.
enum Control {
    kReset = 0x5A00,
    kEagerness,
    kAllocationsLeft,
    kBytes,
    kAllocations,
    kObjects,
    kBreaches,
    kUnexpected,
    kPending,
    kCollectivesFail,
    kLaunchesLeft,
};

int cudaDeviceSetLimit(int limit, size_t value) {
    DOUBLES_ENTER;
    switch (limit) {
        case kReset:
            state().random.seed(value);
            state().breaches = 0;
            state().unexpected = 0;
            state().sticky = false;
            state().collectives_fail = false;
            state().allocations_left = -1;
            state().launches_left = -1;
            state().last = "no breach";
            forget();
            return 0;
        case kEagerness: state().eagerness = static_cast<unsigned>(value); return 0;
        case kCollectivesFail: state().collectives_fail = value != 0; return 0;
        case kAllocationsLeft: state().allocations_left = static_cast<long>(value); return 0;
        case kLaunchesLeft: state().launches_left = static_cast<long>(value); return 0;
        default: return sandglass_unexpected("cudaDeviceSetLimit", 801);
    }
}

int cudaDeviceGetLimit(size_t* value, int limit) {
    DOUBLES_ENTER;
    size_t pending = 0;
    for (Stream* stream : state().streams) {
        pending += stream->operations.size();
    }
    switch (limit) {
        case kBytes: *value = bytes_of(state().device) + bytes_of(state().pinned); return 0;
        case kAllocations: *value = state().device.size() + state().pinned.size(); return 0;
        case kObjects:
            *value = state().objects + state().streams.size() + state().events.size() + state().modules.size() + state().graphs.size();
            return 0;
        case kBreaches: *value = state().breaches; return 0;
        case kUnexpected: *value = state().unexpected; return 0;
        case kPending: *value = pending; return 0;
        default: return sandglass_unexpected("cudaDeviceGetLimit", 801);
    }
}

// Devices --------------------------------------------------------------------------------------------------------------

int cuInit(unsigned flags) { return flags == 0 ? 0 : breach(1, "cuInit: flags"); }

int cudaGetDeviceCount(int* count) {
    *count = device_count();
    return 0;
}

int cudaSetDevice(int device) {
    DOUBLES_ENTER;
    if (device < 0 || device >= device_count()) {
        return breach(101, "cudaSetDevice: no such device");
    }
    current_device = device;
    return state().sticky ? 700 : 0;
}

int cudaDriverGetVersion(int* version) {
    *version = 13010;
    return 0;
}

int cudaRuntimeGetVersion(int* version) {
    *version = 13010;
    return 0;
}

int cudaDeviceGetAttribute(int* value, int attribute, int device) {
    DOUBLES_ENTER;
    if (device < 0 || device >= device_count()) {
        return breach(101, "cudaDeviceGetAttribute: no such device");
    }
    switch (attribute) {
        case 16: *value = 4; return 0;  // multiprocessors
        case 75: *value = capability(device) / 10; return 0;
        case 76: *value = capability(device) % 10; return 0;
        default: return sandglass_unexpected("cudaDeviceGetAttribute", 801);
    }
}

int cuDeviceGet(int* device, int ordinal) {
    if (ordinal < 0 || ordinal >= device_count()) {
        return breach(101, "cuDeviceGet: no such device");
    }
    *device = ordinal;
    return 0;
}

// The number of the device as the last byte.
int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
    std::memset(uuid, 0, 16);
    uuid[0] = 0xd0;
    uuid[15] = static_cast<unsigned char>(device);
    return 0;
}

int cuDeviceGetName(char* name, int length, int device) {
    if (device < 0 || device >= device_count()) {
        return breach(101, "cuDeviceGetName: no such device");
    }
    std::snprintf(name, static_cast<size_t>(length), "test double without a GPU");
    return 0;
}

int cudaMemGetInfo(size_t* available, size_t* total) {
    ENTER("cudaMemGetInfo");
    *total = kMemory;
    *available = kMemory - state().device_bytes;
    return 0;
}

const char* cudaGetErrorName(int code) {
    return code == 2 ? "cudaErrorMemoryAllocation" : code == 700 ? "cudaErrorIllegalAddress" : "cudaErrorOfTheDouble";
}

const char* cudaGetErrorString(int) {
    DOUBLES_ENTER;
    static thread_local std::string text;
    text = state().last;
    return text.c_str();
}

// Memory ---------------------------------------------------------------------------------------------------------------

int cudaMalloc(void** address, size_t bytes) {
    ENTER("cudaMalloc");
    if (state().allocations_left == 0 || state().device_bytes + bytes > kMemory) {
        state().last = "out of memory";
        return 2;
    }
    state().allocations_left -= state().allocations_left > 0 ? 1 : 0;
    *address = allocate(state().device, current_device, bytes);
    state().device_bytes += bytes;
    return *address ? 0 : 2;
}

// The real one waits for the device by itself, which is not to be relied on.
int cudaFree(void* address) {
    ENTER("cudaFree");
    if (is_busy(current_device)) {
        return breach(1, "cudaFree: work is queued that may use the memory");
    }
    auto found = state().device.find(reinterpret_cast<uintptr_t>(address));
    size_t bytes = found == state().device.end() ? 0 : found->second.bytes;
    int code = release(state().device, address, "cudaFree");
    state().device_bytes -= bytes;
    return code;
}

int cudaHostAlloc(void** address, size_t bytes, unsigned flags) {
    ENTER("cudaHostAlloc");
    if (flags != 0) {
        return breach(1, "cudaHostAlloc: flags are not expected");
    }
    *address = allocate(state().pinned, kHost, bytes);
    return *address ? 0 : 2;
}

int cudaFreeHost(void* address) {
    ENTER("cudaFreeHost");
    if (is_busy(current_device)) {
        return breach(1, "cudaFreeHost: work is queued that may use the memory");
    }
    return release(state().pinned, address, "cudaFreeHost");
}

int cudaMemcpyAsync(void* target, const void* source, size_t bytes, int kind, Stream* stream) {
    ENTER("cudaMemcpyAsync");
    if (int code = check_stream(stream, "cudaMemcpyAsync")) {
        return code;
    }
    auto check = [=, device = stream->device]() {
        auto end = [=](bool on_device, const void* address) {
            const Allocation* found = find(on_device ? state().device : state().pinned, address, bytes);
            return found != nullptr && found->device == (on_device ? device : kHost);
        };
        return (kind == 1 || kind == 2 || kind == 3) && end(kind != 1, source) && end(kind != 2, target);
    };
    if (!check()) {
        return breach(1, "cudaMemcpyAsync: ends are not registered memory in the direction " + std::to_string(kind));
    }
    push(stream, {[=]() {
                      if (!check()) {
                          late_breach("cudaMemcpyAsync: memory was released while a copy was under way");
                          return;
                      }
                      std::memmove(target, source, bytes);
                  },
                  nullptr, nullptr});
    return 0;
}

int cudaMemsetAsync(void* target, int value, size_t bytes, Stream* stream) {
    ENTER("cudaMemsetAsync");
    if (int code = check_stream(stream, "cudaMemsetAsync")) {
        return code;
    }
    if (!on_device(target, bytes)) {
        return breach(1, "cudaMemsetAsync: not device memory");
    }
    push(stream, {[=]() {
                      if (!on_device(target, bytes)) {
                          late_breach("cudaMemsetAsync: memory was released before it was set");
                          return;
                      }
                      std::memset(target, value, bytes);
                  },
                  nullptr, nullptr});
    return 0;
}

// Streams and events ---------------------------------------------------------------------------------------------------

int cudaStreamCreateWithFlags(Stream** stream, unsigned flags) {
    ENTER("cudaStreamCreateWithFlags");
    if (flags != 1) {
        return breach(1, "cudaStreamCreateWithFlags: a stream that waits for the default stream");
    }
    if (!has_context()) {
        return breach(201, "cudaStreamCreateWithFlags: no device is set for this thread");
    }
    *stream = new Stream{current_device, {}, nullptr};
    state().streams.push_back(*stream);
    return 0;
}

int cudaStreamDestroy(Stream* stream) {
    ENTER("cudaStreamDestroy");
    if (int code = check_stream(stream, "cudaStreamDestroy")) {
        return code;
    }
    bool idle = stream->operations.empty();
    state().streams.erase(std::find(state().streams.begin(), state().streams.end(), stream));
    delete stream;
    return idle ? 0 : breach(1, "cudaStreamDestroy: work is queued");
}

int cudaStreamSynchronize(Stream* stream) {
    ENTER("cudaStreamSynchronize");
    if (int code = check_stream(stream, "cudaStreamSynchronize")) {
        return code;
    }
    if (stream->capture) {
        return breach(900, "cudaStreamSynchronize: the stream captures");
    }
    return run_until([=]() { return stream->operations.empty(); });
}

// Graphs ---------------------------------------------------------------------------------------------------------------

int cudaStreamBeginCapture(Stream* stream, int mode) {
    ENTER("cudaStreamBeginCapture");
    if (int code = check_stream(stream, "cudaStreamBeginCapture")) {
        return code;
    }
    if (stream->capture || mode != 1) {
        return breach(900, "cudaStreamBeginCapture: in a capture, or one that other threads' calls would break");
    }
    stream->capture = std::make_unique<Graph>();
    return 0;
}

int cudaStreamEndCapture(Stream* stream, Graph** graph) {
    ENTER("cudaStreamEndCapture");
    if (int code = check_stream(stream, "cudaStreamEndCapture")) {
        return code;
    }
    if (!stream->capture) {
        return breach(904, "cudaStreamEndCapture: the stream does not capture");
    }
    *graph = stream->capture.release();
    state().graphs.insert(*graph);
    return 0;
}

int cudaGraphInstantiate(Graph** executable, Graph* graph, unsigned long long flags) {
    ENTER("cudaGraphInstantiate");
    if (state().graphs.count(graph) == 0 || flags != 0) {
        return breach(1, "cudaGraphInstantiate: not a graph, or flags");
    }
    *executable = new Graph(*graph);
    state().graphs.insert(*executable);
    return 0;
}

int cudaGraphLaunch(Graph* executable, Stream* stream) {
    ENTER("cudaGraphLaunch");
    if (int code = check_stream(stream, "cudaGraphLaunch")) {
        return code;
    }
    if (state().graphs.count(executable) == 0 || stream->capture || stream->device != current_device) {
        return breach(1, "cudaGraphLaunch: not a graph, in a capture, or a stream of another device than the thread's");
    }
    for (const Operation& operation : executable->operations) {
        push(stream, operation);
    }
    return 0;
}

int cudaGraphDestroy(Graph* graph) {
    ENTER("cudaGraphDestroy");
    if (state().graphs.erase(graph) == 0) {
        return breach(1, "cudaGraphDestroy: not a graph");
    }
    delete graph;
    return 0;
}

int cudaGraphExecDestroy(Graph* executable) { return cudaGraphDestroy(executable); }

int cudaStreamWaitEvent(Stream* stream, Event* event, unsigned flags) {
    ENTER("cudaStreamWaitEvent");
    if (int code = check_stream(stream, "cudaStreamWaitEvent")) {
        return code;
    }
    if (state().events.count(event) == 0 || flags != 0) {
        return breach(400, "cudaStreamWaitEvent: not an event, or flags");
    }
    if (event->mark) {  // waiting for an event that was never recorded is nothing
        push(stream, {nullptr, nullptr, event->mark});
    }
    return 0;
}

int cudaEventCreateWithFlags(Event** event, unsigned flags) {
    ENTER("cudaEventCreateWithFlags");
    if (flags != 2) {
        return breach(1, "cudaEventCreateWithFlags: events are for order, not for time");
    }
    *event = new Event{current_device, nullptr};
    state().events.insert(*event);
    return 0;
}

int cudaEventDestroy(Event* event) {
    ENTER("cudaEventDestroy");
    if (state().events.erase(event) == 0) {
        return breach(400, "cudaEventDestroy: not an event");
    }
    delete event;
    return 0;
}

int cudaEventRecord(Event* event, Stream* stream) {
    ENTER("cudaEventRecord");
    if (int code = check_stream(stream, "cudaEventRecord")) {
        return code;
    }
    if (state().events.count(event) == 0 || event->device != stream->device) {
        return breach(400, "cudaEventRecord: not an event, or one of another device");
    }
    event->mark = std::make_shared<Mark>();
    push(stream, {nullptr, event->mark, nullptr});
    return 0;
}

int cudaEventSynchronize(Event* event) {
    ENTER("cudaEventSynchronize");
    if (state().events.count(event) == 0) {
        return breach(400, "cudaEventSynchronize: not an event");
    }
    std::shared_ptr<Mark> mark = event->mark;
    return run_until([=]() { return !mark || mark->passed; });
}

// Time passes while somebody asks.
int cudaEventQuery(Event* event) {
    ENTER("cudaEventQuery");
    if (state().events.count(event) == 0) {
        return breach(400, "cudaEventQuery: not an event");
    }
    for (uint64_t steps = random_below(state().eagerness > 0 ? 12 : 2); steps > 0 && run_one(); steps--) {
    }
    return !event->mark || event->mark->passed ? 0 : 600;
}

// Modules and launches -------------------------------------------------------------------------------------------------

int cuModuleLoadData(Module** module, const void* image) {
    ENTER("cuModuleLoadData");
    if (std::strncmp(static_cast<const char*>(image), "double of sm_90", 15) != 0) {
        return breach(200, "cuModuleLoadData: not what NVRTC's double made for this device");
    }
    *module = new Module;
    state().modules.insert(*module);
    return 0;
}

int cuModuleUnload(Module* module) {
    ENTER("cuModuleUnload");
    if (state().modules.erase(module) == 0) {
        return breach(400, "cuModuleUnload: not a module");
    }
    delete module;
    return 0;
}

int cuModuleGetFunction(const Kernel** function, Module* module, const char* name) {
    ENTER("cuModuleGetFunction");
    if (state().modules.count(module) == 0) {
        return breach(400, "cuModuleGetFunction: not a module");
    }
    for (size_t i = 0; i < kernel_count; i++) {
        if (std::strcmp(kernels[i].name, name) == 0) {
            *function = &kernels[i];
            return 0;
        }
    }
    state().last = std::string("no kernel is called ") + name;
    return 500;
}

int cuLaunchKernel(const Kernel* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, Stream* stream, void** arguments, void** extra) {
    ENTER("cuLaunchKernel");
    if (int code = check_stream(stream, "cuLaunchKernel")) {
        return code;
    }
    if (stream->device != current_device) {
        return breach(400, "cuLaunchKernel: a stream of another device than the thread's");
    }
    bool known = function >= kernels && function < kernels + kernel_count;
    size_t threads = size_t(bx) * by * bz;
    if (!known || extra != nullptr || shared > 48 * 1024 || gx == 0 || gy == 0 || gz == 0 || threads == 0
        || threads > 1024 || bz > 64 || gx > 0x7fffffffu || gy > 65535 || gz > 65535) {
        return breach(1, "cuLaunchKernel: a launch that no device takes");
    }
    if (state().launches_left == 0 || fails_as_told(function->name)) {
        state().last = "a kernel went wrong, as it was told";
        state().sticky = true;
        return 700;
    }
    state().launches_left -= state().launches_left > 0 ? 1 : 0;
    Launch launch = function->bind(arguments);
    push(stream, {[=]() {
                      launch.check();
                      run_grid(gx, gy, gz, bx, by, bz, launch.thread);
                  },
                  nullptr, nullptr});
    return 0;
}

int cuGetErrorName(int code, const char** name) {
    *name = code == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : code == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_OF_THE_DOUBLE";
    return 0;
}

int cuGetErrorString(int code, const char** text) {
    *text = cudaGetErrorString(code);
    return 0;
}

}  // extern "C"
