// NCCL between threads and between processes: a group lives in a file without a name that its ranks share. A rank gives its part
// of a collective operation once that is the next on its stream, and goes on when all have given theirs. Each rank holds a lock
// on the file, by which the others find that it is lost.
#include "doubles.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <utility>
#include <vector>

using namespace doubles;

namespace {

constexpr int kSystemError = 2;
constexpr int kInvalid = 4;
constexpr int kRemoteError = 6;
constexpr int kInProgress = 7;
constexpr int kFloat = 7;
constexpr int kSum = 0;

constexpr size_t kMostRanks = 64;
constexpr off_t kHeader = 1 << 16;
constexpr off_t kPart = off_t(1) << 30;  // room for a rank's part of an operation, in a file with holes

struct Identity {
    char bytes[128];
};

// As in nccl.h, as far as it is looked at.
struct Config {
    size_t size;
    unsigned magic;
    unsigned version;
    int blocking;
};

enum class Kind : uint32_t { reduce = 1, broadcast, all_reduce };

struct Operands {
    Kind kind;
    uint32_t root;
    uint64_t count;

    bool operator!=(const Operands& other) const {
        return kind != other.kind || root != other.root || count != other.count;
    }
};

enum State : uint32_t { kAbsent, kJoined, kFinalized, kAborted };

// A rank as the others see it; zero at first. A rank is at most one operation ahead of the others, so that of two places for its
// part one is free.
struct Seat {
    std::atomic<uint32_t> state;
    std::atomic<uint64_t> given;  // operations that it has given its part to
    Operands operands[2];
};

struct Header {
    std::atomic<uint32_t> ranks;
    Seat seats[kMostRanks];
};
static_assert(sizeof(Header) <= kHeader, "the header does not fit");

struct Comm {
    size_t ranks = 0;
    size_t rank = 0;
    int device = 0;
    int file = -1;
    std::string path;
    Header* header = nullptr;
    uint64_t next = 0;
    size_t queued = 0;
    bool aborted = false;
    // What a call has begun, and after how often being asked it is done: until then no other call may follow.
    std::function<void()> going_on = nullptr;
    uint64_t asks_left = 0;

    ~Comm() {
        if (header != nullptr) {
            munmap(header, kHeader);
        }
        if (file >= 0) {
            close(file);
        }
    }

    Seat& own() { return header->seats[rank]; }

    bool complete() const {
        for (size_t i = 0; i < ranks; i++) {
            if (header->seats[i].state == kAbsent) {
                return false;
            }
        }
        return true;
    }

    // Whether a rank has aborted, or its process is gone.
    bool lost() const {
        for (size_t i = 0; i < ranks; i++) {
            uint32_t seen = header->seats[i].state;
            if (seen == kAborted || (seen == kJoined && i != rank && is_free(i) && header->seats[i].state == kJoined)) {
                return true;
            }
        }
        return false;
    }

    bool is_free(size_t place) const {
        struct flock asked {};
        asked.l_type = F_WRLCK;
        asked.l_whence = SEEK_SET;
        asked.l_start = off_t(place);
        asked.l_len = 1;
        return fcntl(file, F_OFD_GETLK, &asked) == 0 && asked.l_type == F_UNLCK;
    }

    bool sit_down() {
        struct flock asked {};
        asked.l_type = F_WRLCK;
        asked.l_whence = SEEK_SET;
        asked.l_start = off_t(rank);
        asked.l_len = 1;
        if (fcntl(file, F_OFD_SETLK, &asked) != 0 || own().state != kAbsent) {
            return false;
        }
        own().state = kJoined;
        return true;
    }

    off_t part(size_t of, uint64_t operation) const { return kHeader + off_t(of * 2 + operation % 2) * kPart; }
};

std::map<Comm*, std::shared_ptr<Comm>>& comms() {
    static auto* instance = new std::map<Comm*, std::shared_ptr<Comm>>;
    return *instance;
}

// SANDGLASS_NCCL_KILL=FILE:N: the process of a rank other than 0 kills itself in the middle of the N-th operation that it takes
// part in; only the first one that comes so far, which removes the file.
void die_if_told() {
    static long taken = 0;
    const char* told = std::getenv("SANDGLASS_NCCL_KILL");
    const char* colon = told == nullptr ? nullptr : std::strrchr(told, ':');
    if (colon != nullptr && ++taken == std::atol(colon + 1)
        && unlink(std::string(told, size_t(colon - told)).c_str()) == 0) {
        std::fprintf(stderr, "CUDA double: this process dies in the middle of a collective operation, as it was told\n");
        raise(SIGKILL);
    }
}

struct Collective {
    std::shared_ptr<Comm> comm;
    uint64_t number;
    Operands operands;
    const float* send;
    float* receive;
    bool given = false;

    bool gives(size_t rank) const { return operands.kind != Kind::broadcast || rank == operands.root; }
    bool takes(size_t rank) const { return operands.kind != Kind::reduce || rank == operands.root; }

    size_t bytes() const { return operands.count * sizeof(float); }

    // Once all that was queued before has run.
    void give() {
        given = true;
        if (gives(comm->rank)) {
            if (!on_device(send, bytes())) {
                breach(700, "NCCL: memory was released before a collective operation ran");
                return;
            }
            size_t half = bytes() / 2;
            const char* from = reinterpret_cast<const char*>(send);
            off_t place = comm->part(comm->rank, number);
            bool written = pwrite(comm->file, from, half, place) == ssize_t(half);
            if (comm->rank != 0) {
                die_if_told();
            }
            if (!written || pwrite(comm->file, from + half, bytes() - half, place + off_t(half)) != ssize_t(bytes() - half)) {
                breach(kSystemError, "NCCL: cannot write a part of an operation");
            }
        } else {
            die_if_told();
        }
        comm->own().operands[number % 2] = operands;
        comm->own().given = number + 1;
    }

    bool ready() {
        if (comm->aborted) {
            return true;
        }
        if (collectives_fail()) {
            return false;
        }
        if (!given) {
            give();
        }
        for (size_t i = 0; i < comm->ranks; i++) {
            if (comm->header->seats[i].given <= number) {
                return false;
            }
        }
        return true;
    }

    void take() {
        comm->queued--;
        if (comm->aborted) {
            return;
        }
        std::vector<float> result(operands.count);
        std::vector<float> part(operands.count);
        for (size_t i = 0; i < comm->ranks; i++) {
            if (comm->header->seats[i].operands[number % 2] != operands) {
                breach(kInvalid, "NCCL: ranks do not call the same");
                return;
            }
            if (gives(i) && takes(comm->rank)) {
                if (pread(comm->file, part.data(), bytes(), comm->part(i, number)) != ssize_t(bytes())) {
                    breach(kSystemError, "NCCL: cannot read a part of an operation");
                    return;
                }
                for (size_t k = 0; k < operands.count; k++) {
                    result[k] += part[k];
                }
            }
        }
        if (takes(comm->rank)) {
            if (!on_device(receive, bytes())) {
                breach(700, "NCCL: memory was released before a collective operation ran");
                return;
            }
            std::memcpy(receive, result.data(), bytes());
        }
    }
};

int collect(const char* call, Kind kind, const float* send, float* receive, size_t count, int type, int operation,
            int root, Comm* handle, Stream* stream) {
    DOUBLES_ENTER;
    auto found = comms().find(handle);
    if (found == comms().end() || found->second->own().state == kFinalized) {
        return breach(kInvalid, std::string(call) + ": not a communicator, or one that is finalized");
    }
    std::shared_ptr<Comm> comm = found->second;
    if (!comm->complete() || comm->going_on) {
        return breach(kInvalid, std::string(call) + ": a call before it is not done");
    }
    bool gives = kind != Kind::broadcast || int(comm->rank) == root;
    bool takes = kind != Kind::reduce || int(comm->rank) == root;
    if (type != kFloat || operation != kSum || root < 0 || size_t(root) >= comm->ranks || !is_stream(stream)
        || stream->device != comm->device || !has_context() || count > size_t(kPart) / sizeof(float)
        || (gives && !on_device(send, count * 4)) || (takes && !on_device(receive, count * 4))) {
        return breach(kInvalid, std::string(call) + ": type, operation, root, stream or memory");
    }
    auto collective = std::make_shared<Collective>();
    collective->comm = comm;
    collective->number = comm->next++;
    collective->operands = {kind, uint32_t(root), count};
    collective->send = send;
    collective->receive = receive;
    comm->queued++;
    Operation queued;
    queued.ready = [collective]() { return collective->ready(); };
    queued.work = [collective]() { collective->take(); };
    if (random_below(2) == 0) {
        enqueue(stream, std::move(queued));
        return 0;
    }
    // As where NCCL has a thread of its own go on with it: what else is queued meanwhile comes first.
    comm->going_on = [stream, queued]() { enqueue(stream, queued); };
    comm->asks_left = random_below(4);
    return kInProgress;
}

void forget(Comm* handle) {
    unlink(handle->path.c_str());  // where some rank never came
    comms().erase(handle);
    count_objects(-1);
}

std::string path_of(const Identity& identity) {
    return std::string("/dev/shm/sandglass-nccl-") + (identity.bytes + 8);
}

}  // namespace

extern "C" {

int ncclGetVersion(int* version) {
    *version = 22903;
    return 0;
}

const char* ncclGetErrorString(int code) {
    return code == kRemoteError ? "remote process exited or there was a network error" : code == 0 ? "no error" : "error of the double";
}

const char* ncclGetLastError(Comm*) { return ""; }

int ncclGetUniqueId(Identity* identity) {
    DOUBLES_ENTER;
    static int next = 0;
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    std::memset(identity->bytes, 0, sizeof identity->bytes);
    std::memcpy(identity->bytes, "double", 6);
    std::snprintf(identity->bytes + 8, sizeof identity->bytes - 8, "%d-%d-%lld-%ld", int(getpid()), next++,
                  static_cast<long long>(now.tv_sec), now.tv_nsec);
    return 0;
}

int ncclCommInitRankConfig(Comm** handle, int ranks, Identity identity, int rank, Config* config) {
    DOUBLES_ENTER;
    identity.bytes[sizeof identity.bytes - 1] = 0;
    if (!has_context() || ranks <= 0 || size_t(ranks) > kMostRanks || rank < 0 || rank >= ranks || config == nullptr
        || config->magic != 0xcafebeef || config->blocking != 0 || std::memcmp(identity.bytes, "double", 6) != 0
        || std::strchr(identity.bytes + 8, '/') != nullptr) {
        return breach(kInvalid, "ncclCommInitRankConfig: device, rank, identity, or not to be waited for");
    }
    auto comm = std::make_shared<Comm>();
    comm->ranks = size_t(ranks);
    comm->rank = size_t(rank);
    comm->device = device_of_thread();
    comm->path = path_of(identity);
    comm->file = open(comm->path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (comm->file < 0 || ftruncate(comm->file, kHeader + off_t(2 * ranks) * kPart) != 0) {
        return breach(kSystemError, "ncclCommInitRankConfig: cannot make " + comm->path);
    }
    void* mapped = mmap(nullptr, kHeader, PROT_READ | PROT_WRITE, MAP_SHARED, comm->file, 0);
    if (mapped == MAP_FAILED) {
        return breach(kSystemError, "ncclCommInitRankConfig: cannot map " + comm->path);
    }
    comm->header = static_cast<Header*>(mapped);
    uint32_t none = 0;
    if (!comm->header->ranks.compare_exchange_strong(none, uint32_t(ranks)) && none != uint32_t(ranks)) {
        return breach(kInvalid, "ncclCommInitRankConfig: ranks that differ in their number");
    }
    if (!comm->sit_down()) {
        return breach(kInvalid, "ncclCommInitRankConfig: a rank twice");
    }
    if (comm->complete()) {
        unlink(comm->path.c_str());
    }
    comms()[comm.get()] = comm;
    count_objects(1);
    *handle = comm.get();
    return kInProgress;
}

int ncclCommGetAsyncError(Comm* handle, int* error) {
    DOUBLES_ENTER;
    auto found = comms().find(handle);
    if (found == comms().end()) {
        return breach(kInvalid, "ncclCommGetAsyncError: not a communicator");
    }
    Comm& comm = *found->second;
    if (comm.going_on && comm.asks_left-- == 0) {
        std::exchange(comm.going_on, nullptr)();
    }
    bool waits = !comm.complete() || comm.going_on || (comm.own().state == kFinalized && comm.queued > 0);
    *error = comm.lost() || collectives_fail() ? kRemoteError : waits ? kInProgress : 0;
    return 0;
}

int ncclCommFinalize(Comm* handle) {
    DOUBLES_ENTER;
    auto found = comms().find(handle);
    if (found == comms().end() || found->second->own().state == kFinalized || found->second->going_on) {
        return breach(kInvalid, "ncclCommFinalize: not a communicator, for the second time, or before another call is done");
    }
    found->second->own().state = kFinalized;
    return found->second->queued == 0 ? 0 : kInProgress;
}

int ncclCommDestroy(Comm* handle) {
    DOUBLES_ENTER;
    auto found = comms().find(handle);
    if (found == comms().end() || found->second->own().state != kFinalized || found->second->queued > 0) {
        return breach(kInvalid, "ncclCommDestroy: not a communicator, or one at work");
    }
    forget(handle);
    return 0;
}

// Ends whatever the rank has queued; its peers find that it is lost.
int ncclCommAbort(Comm* handle) {
    DOUBLES_ENTER;
    auto found = comms().find(handle);
    if (found == comms().end()) {
        return breach(kInvalid, "ncclCommAbort: not a communicator");
    }
    found->second->aborted = true;
    found->second->own().state = kAborted;
    forget(handle);
    return 0;
}

int ncclReduce(const float* send, float* receive, size_t count, int type, int operation, int root, Comm* comm,
               Stream* stream) {
    return collect("ncclReduce", Kind::reduce, send, receive, count, type, operation, root, comm, stream);
}

int ncclBroadcast(const float* send, float* receive, size_t count, int type, int root, Comm* comm, Stream* stream) {
    return collect("ncclBroadcast", Kind::broadcast, send, receive, count, type, kSum, root, comm, stream);
}

int ncclAllReduce(const float* send, float* receive, size_t count, int type, int operation, Comm* comm, Stream* stream) {
    return collect("ncclAllReduce", Kind::all_reduce, send, receive, count, type, operation, 0, comm, stream);
}

}  // extern "C"
