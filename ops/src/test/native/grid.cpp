// Runs grids of threads: each thread of a block is a fiber, so that barriers work, in an order that the seed decides.
#include "cuda_on_host.h"
#include "doubles.h"

#include <cstdlib>
#include <vector>

sandglass_thread sandglass_now;

namespace doubles {

void late_breach(const std::string& what);

namespace {

// Not a power of two, so that the stacks' tops do not share the same lines of the cache.
constexpr size_t kStack = 32 * 1024 + 192;

struct Fiber {
    void* stack_pointer = nullptr;
    bool done = false;
    bool at_barrier = false;
    sandglass_thread index;
};

void* main_stack_pointer;
Fiber* running;
const std::function<void()>* body;

// Keeps the callee-saved registers on the stack, leaves the stack pointer in *from and takes up the one in to.
extern "C" void sandglass_switch(void** from, void* to);
asm(R"(
    .text
    .globl sandglass_switch
    .type sandglass_switch, @function
sandglass_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size sandglass_switch, .-sandglass_switch
)");

void fiber_main() {
    (*body)();
    running->done = true;
    void* ignored;
    sandglass_switch(&ignored, main_stack_pointer);
    std::abort();
}

void prepare(Fiber* fiber, unsigned char* stack) {
    uintptr_t top = reinterpret_cast<uintptr_t>(stack + kStack) & ~uintptr_t(15);
    uintptr_t* frame = reinterpret_cast<uintptr_t*>(top - 64);
    for (int i = 0; i < 6; i++) {
        frame[i] = 0;
    }
    frame[6] = reinterpret_cast<uintptr_t>(&fiber_main);
    frame[7] = 0;
    fiber->stack_pointer = frame;
    fiber->done = false;
    fiber->at_barrier = false;
}

void run(Fiber* fiber) {
    running = fiber;
    sandglass_now = fiber->index;
    sandglass_switch(&main_stack_pointer, fiber->stack_pointer);
}

void run_block(std::vector<Fiber>& fibers) {
    size_t alive = fibers.size();
    while (alive > 0) {
        size_t start = random_below(fibers.size());
        bool backwards = random_below(2) == 0;
        size_t waiting = 0;
        size_t ended = 0;
        for (size_t i = 0; i < fibers.size(); i++) {
            Fiber& fiber = fibers[(start + (backwards ? fibers.size() - i : i)) % fibers.size()];
            if (fiber.done) {
                continue;
            }
            fiber.at_barrier = false;
            run(&fiber);
            waiting += fiber.at_barrier ? 1 : 0;
            ended += fiber.done ? 1 : 0;
        }
        if (waiting > 0 && (ended > 0 || waiting < fibers.size())) {
            late_breach("a barrier that not all threads of the block reach");
            return;
        }
        alive -= ended;
    }
}

}  // namespace

void run_grid(unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
              const std::function<void()>& thread) {
    static std::vector<unsigned char> stacks;
    size_t threads = size_t(bx) * by * bz;
    if (stacks.size() < threads * kStack) {
        stacks.resize(threads * kStack);
    }
    std::vector<Fiber> fibers(threads);
    body = &thread;
    size_t blocks = size_t(gx) * gy * gz;
    size_t start = random_below(blocks);
    for (size_t b = 0; b < blocks && !broken(); b++) {
        size_t block = (start + b) % blocks;
        sandglass_index at = {unsigned(block % gx), unsigned(block / gx % gy), unsigned(block / gx / gy)};
        for (size_t t = 0; t < threads; t++) {
            fibers[t].index = {{unsigned(t % bx), unsigned(t / bx % by), unsigned(t / bx / by)},
                               at,
                               {bx, by, bz},
                               {gx, gy, gz}};
            prepare(&fibers[t], stacks.data() + t * kStack);
        }
        run_block(fibers);
    }
}

}  // namespace doubles

void sandglass_barrier() {
    doubles::Fiber* self = doubles::running;
    self->at_barrier = true;
    doubles::sandglass_switch(&self->stack_pointer, doubles::main_stack_pointer);
}

float sandglass_half_to_float(unsigned short bits) {
    unsigned sign = (bits & 0x8000u) << 16;
    int exponent = bits >> 10 & 31;
    unsigned fraction = bits & 0x3ff;
    float magnitude = exponent == 0    ? std::ldexp(float(fraction), -24)
                      : exponent == 31 ? __uint_as_float(0x7f800000u | fraction << 13)
                                       : std::ldexp(float(fraction | 0x400), exponent - 25);
    return __uint_as_float(__float_as_uint(magnitude) | sign);
}

// To the nearest, ties to even.
unsigned short sandglass_float_to_half(float value) {
    unsigned bits = __float_as_uint(value);
    unsigned short sign = (unsigned short) (bits >> 16 & 0x8000);
    float magnitude = std::fabs(value);
    if (value != value) {
        return (unsigned short) (sign | 0x7e00);
    }
    if (magnitude == 0) {
        return sign;
    }
    if (magnitude >= 65520) {
        return (unsigned short) (sign | 0x7c00);
    }
    int exponent;
    std::frexp(magnitude, &exponent);
    int unit = exponent - 11 < -24 ? -24 : exponent - 11;
    float steps = std::nearbyint(std::ldexp(magnitude, -unit));
    unsigned whole = (unsigned) steps;
    if (unit == -24) {
        return (unsigned short) (sign | whole);
    }
    return (unsigned short) (sign | (((unsigned) (unit + 24) << 10) + whole));
}

namespace doubles {

size_t size_of(DataType type) { return type == DataType::f32 ? 4 : 2; }

float load(DataType type, const void* array, size_t index) {
    switch (type) {
        case DataType::f32: return static_cast<const float*>(array)[index];
        case DataType::f16: return sandglass_half_to_float(static_cast<const unsigned short*>(array)[index]);
        default: return __uint_as_float(unsigned(static_cast<const unsigned short*>(array)[index]) << 16);
    }
}

void store(DataType type, void* array, size_t index, float value) {
    if (type == DataType::f32) {
        static_cast<float*>(array)[index] = value;
    } else if (type == DataType::f16) {
        static_cast<unsigned short*>(array)[index] = sandglass_float_to_half(value);
    } else {
        unsigned bits = __float_as_uint(value);
        unsigned rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        static_cast<unsigned short*>(array)[index] = (unsigned short) (value != value ? 0x7fc0 : rounded);
    }
}

}  // namespace doubles
