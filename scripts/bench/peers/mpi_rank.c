// A rank of scripts/bench/allreduce in MPI: mpi_rank DIRECTORY. Commands and answers are those of BenchmarkRank (ops,
// test sources). Between commands it waits for its pipe, so that it takes no core from the others.

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int rank, ranks;

static FILE *pipe_of(const char *directory, const char *suffix, const char *mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.%s", directory, rank, suffix);
    FILE *file = fopen(path, mode);
    if (!file) {
        perror(path);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    return file;
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void run(FILE *answers, size_t bytes, int warmup, int iterations) {
    size_t elements = bytes / sizeof(float);
    float *buffer = malloc(bytes);
    long long *times = malloc(iterations * sizeof *times);
    for (int i = -warmup; i < iterations; i++) {
        for (size_t k = 0; k < elements; k++) buffer[k] = rank + 1;
        MPI_Barrier(MPI_COMM_WORLD);
        long long start = now();
        MPI_Allreduce(MPI_IN_PLACE, buffer, (int) elements, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
        long long took = now() - start;
        if (i >= 0) times[i] = took;
    }
    fprintf(answers, "TIMES");
    for (int i = 0; i < iterations; i++) fprintf(answers, " %lld", times[i]);
    fprintf(answers, "\n");
    fflush(answers);
    for (size_t k = 0; k < elements; k++) {
        if (buffer[k] != ranks * (ranks + 1) / 2) {
            fprintf(stderr, "wrong sum at element %zu\n", k);
            MPI_Abort(MPI_COMM_WORLD, 1);
        }
    }
    free(times);
    free(buffer);
}

int main(int count, char **arguments) {
    MPI_Init(&count, &arguments);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    FILE *commands = pipe_of(arguments[1], "in", "r");
    FILE *answers = pipe_of(arguments[1], "out", "w");
    fprintf(answers, "READY -\n");
    fflush(answers);
    char line[65536];
    while (fgets(line, sizeof line, commands) && strncmp(line, "QUIT", 4)) {
        size_t bytes;
        int warmup, iterations;
        if (sscanf(line, "RUN %zu %d %d", &bytes, &warmup, &iterations) == 3) {
            run(answers, bytes, warmup, iterations);
        } else {
            fprintf(answers, "JOINED\n");
            fflush(answers);
        }
    }
    MPI_Finalize();
    return 0;
}
