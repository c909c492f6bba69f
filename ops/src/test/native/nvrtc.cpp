// NVRTC: takes the one source that the doubles were built from, for the one architecture that their device has.
#include "doubles.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

using namespace doubles;

namespace {

constexpr char kImage[] = "double of sm_90";

struct Program {
    std::string source;
    std::string log;
    bool compiled = false;
};

std::string built_source() {
    std::ifstream file(SANDGLASS_KERNELS, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

extern "C" {

const char* nvrtcGetErrorString(int code) {
    return code == 0 ? "NVRTC_SUCCESS" : code == 6 ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR_OF_THE_DOUBLE";
}

int nvrtcVersion(int* major, int* minor) {
    *major = 13;
    *minor = 1;
    return 0;
}

int nvrtcCreateProgram(Program** program, const char* source, const char* name, int headers, const char* const*,
                       const char* const*) {
    DOUBLES_ENTER;
    if (source == nullptr || name == nullptr || headers != 0) {
        return breach(3, "nvrtcCreateProgram: no source, no name, or headers");
    }
    *program = new Program;
    (*program)->source = source;
    count_objects(1);
    return 0;
}

int nvrtcDestroyProgram(Program** program) {
    DOUBLES_ENTER;
    count_objects(-1);
    delete *program;
    *program = nullptr;
    return 0;
}

int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
    DOUBLES_ENTER;
    bool architecture = false;
    for (int i = 0; i < count; i++) {
        architecture |= std::strcmp(options[i], "--gpu-architecture=sm_90") == 0;
    }
    if (!architecture) {
        return breach(5, "nvrtcCompileProgram: not for the architecture of the device");
    }
    if (program->source != built_source()) {
        program->log = "this is not the source that the doubles were built from";
        return 6;
    }
    program->compiled = true;
    return 0;
}

int nvrtcGetProgramLogSize(Program* program, size_t* bytes) {
    *bytes = program->log.size() + 1;
    return 0;
}

int nvrtcGetProgramLog(Program* program, char* log) {
    std::memcpy(log, program->log.c_str(), program->log.size() + 1);
    return 0;
}

int nvrtcGetCUBINSize(Program* program, size_t* bytes) {
    *bytes = program->compiled ? sizeof kImage : 0;
    return 0;
}

int nvrtcGetCUBIN(Program* program, char* image) {
    if (!program->compiled) {
        return breach(4, "nvrtcGetCUBIN: nothing was compiled");
    }
    std::memcpy(image, kImage, sizeof kImage);
    return 0;
}

}  // extern "C"
