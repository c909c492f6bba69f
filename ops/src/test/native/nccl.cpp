// NCCL between the threads of a process: a collective operation runs when it is the next on every rank's stream.
#include "doubles.h"

#include <cstring>
#include <map>
#include <vector>

using namespace doubles;

namespace {

constexpr int kInvalid = 4;
constexpr int kRemoteError = 6;
constexpr int kInProgress = 7;
constexpr int kFloat = 7;
constexpr int kSum = 0;

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

enum class Kind { reduce, broadcast, all_reduce };

struct Part {
    const float* send = nullptr;
    float* receive = nullptr;
    Stream* stream = nullptr;
};

struct Collective {
    Kind kind;
    size_t count;
    int root;
    std::vector<Part> parts;
    size_t arrived = 0;
    bool done = false;
};

struct Group;

struct Comm {
    std::shared_ptr<Group> group;
    int rank;
    size_t next = 0;
    bool aborted = false;
    bool finalized = false;
};

struct Group {
    size_t ranks;
    std::vector<std::shared_ptr<Comm>> members;
    std::map<size_t, std::shared_ptr<Collective>> collectives;
    size_t joined = 0;
    bool lost = false;
};

std::map<std::string, std::shared_ptr<Group>>& groups() {
    static auto* instance = new std::map<std::string, std::shared_ptr<Group>>;
    return *instance;
}

std::map<Comm*, std::shared_ptr<Comm>>& comms() {
    static auto* instance = new std::map<Comm*, std::shared_ptr<Comm>>;
    return *instance;
}

bool is_idle(const Comm& comm) {
    for (auto& entry : comm.group->collectives) {
        if (!entry.second->done && entry.second->parts[size_t(comm.rank)].stream != nullptr) {
            return false;
        }
    }
    return true;
}

void perform(Collective& collective) {
    std::vector<float> result(collective.count);
    for (size_t rank = 0; rank < collective.parts.size(); rank++) {
        const Part& part = collective.parts[rank];
        bool gives = collective.kind != Kind::broadcast || int(rank) == collective.root;
        bool takes = collective.kind != Kind::reduce || int(rank) == collective.root;
        if ((gives && !on_device(part.send, collective.count * 4)) || (takes && !on_device(part.receive, collective.count * 4))) {
            breach(700, "NCCL: memory was released before a collective operation ran");
            return;
        }
        for (size_t i = 0; gives && i < collective.count; i++) {
            result[i] += part.send[i];
        }
    }
    for (size_t rank = 0; rank < collective.parts.size(); rank++) {
        if (collective.kind != Kind::reduce || int(rank) == collective.root) {
            std::memcpy(collective.parts[rank].receive, result.data(), collective.count * 4);
        }
    }
}

int collect(const char* call, Kind kind, const float* send, float* receive, size_t count, int type, int operation,
            int root, Comm* handle, Stream* stream) {
    DOUBLES_ENTER;
    auto found = comms().find(handle);
    if (found == comms().end() || found->second->finalized) {
        return breach(kInvalid, std::string(call) + ": not a communicator, or one that is finalized");
    }
    std::shared_ptr<Comm> comm = found->second;
    std::shared_ptr<Group> group = comm->group;
    if (group->joined < group->ranks) {
        return breach(kInvalid, std::string(call) + ": the communicator is still being made");
    }
    bool gives = kind != Kind::broadcast || comm->rank == root;
    bool takes = kind != Kind::reduce || comm->rank == root;
    if (type != kFloat || operation != kSum || root < 0 || size_t(root) >= group->ranks || !is_stream(stream)
        || !has_context() || (gives && !on_device(send, count * 4)) || (takes && !on_device(receive, count * 4))) {
        return breach(kInvalid, std::string(call) + ": type, operation, root, stream or memory");
    }
    std::shared_ptr<Collective>& collective = group->collectives[comm->next++];
    if (!collective) {
        collective = std::make_shared<Collective>();
        collective->kind = kind;
        collective->count = count;
        collective->root = root;
        collective->parts.resize(group->ranks);
    } else if (collective->kind != kind || collective->count != count || collective->root != root) {
        return breach(kInvalid, std::string(call) + ": ranks do not call the same");
    }
    collective->parts[size_t(comm->rank)] = {send, receive, stream};
    collective->arrived++;
    Operation queued;
    queued.tag = collective.get();
    queued.ready = [collective = collective, comm, group]() {
        if (collective->done || comm->aborted) {
            return true;
        }
        if (collective->arrived < group->ranks || group->lost || collectives_fail()) {
            return false;
        }
        for (const Part& part : collective->parts) {
            if (!is_next(part.stream, collective.get())) {
                return false;
            }
        }
        return true;
    };
    queued.work = [collective = collective, comm]() {
        if (!collective->done && !comm->aborted) {
            perform(*collective);
            collective->done = true;
        }
    };
    enqueue(stream, std::move(queued));
    return 0;
}

void forget(Comm* handle) {
    comms().erase(handle);
    count_objects(-1);
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
    std::memset(identity->bytes, 0, sizeof identity->bytes);
    next++;
    std::memcpy(identity->bytes, "double", 6);
    std::memcpy(identity->bytes + 8, &next, sizeof next);
    return 0;
}

int ncclCommInitRankConfig(Comm** handle, int ranks, Identity identity, int rank, Config* config) {
    DOUBLES_ENTER;
    if (!has_context() || ranks <= 0 || rank < 0 || rank >= ranks || config == nullptr || config->magic != 0xcafebeef
        || config->blocking != 0 || std::memcmp(identity.bytes, "double", 6) != 0) {
        return breach(kInvalid, "ncclCommInitRankConfig: device, rank, identity, or not to be waited for");
    }
    std::shared_ptr<Group>& group = groups()[std::string(identity.bytes, sizeof identity.bytes)];
    if (!group) {
        group = std::make_shared<Group>();
        group->ranks = size_t(ranks);
        group->members.resize(size_t(ranks));
    }
    if (group->ranks != size_t(ranks) || group->members[size_t(rank)]) {
        return breach(kInvalid, "ncclCommInitRankConfig: a rank twice, or ranks that differ in their number");
    }
    auto comm = std::make_shared<Comm>();
    comm->group = group;
    comm->rank = rank;
    group->members[size_t(rank)] = comm;
    group->joined++;
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
    const Group& group = *found->second->group;
    bool waits = group.joined < group.ranks || (found->second->finalized && !is_idle(*found->second));
    *error = group.lost || collectives_fail() ? kRemoteError : waits ? kInProgress : 0;
    return 0;
}

int ncclCommFinalize(Comm* handle) {
    DOUBLES_ENTER;
    auto found = comms().find(handle);
    if (found == comms().end() || found->second->finalized) {
        return breach(kInvalid, "ncclCommFinalize: not a communicator, or for the second time");
    }
    found->second->finalized = true;
    return is_idle(*found->second) ? 0 : kInProgress;
}

int ncclCommDestroy(Comm* handle) {
    DOUBLES_ENTER;
    auto found = comms().find(handle);
    if (found == comms().end() || !found->second->finalized || !is_idle(*found->second)) {
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
    found->second->group->lost = true;
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
