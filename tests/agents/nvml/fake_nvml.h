/* The pretended driver's state, as the configuration file named by FAKE_NVML describes it. */
#ifndef FAKE_NVML_H
#define FAKE_NVML_H

enum { GPUS_MAX = 16, MIGS_MAX = 32, LINKS_MAX = 64, PROCESSES_MAX = 64, EVENTS_MAX = 64, RULES_MAX = 32 };

enum code {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
    TIMEOUT = 10, GPU_IS_LOST = 15, VERSION_MISMATCH = 25, HANG = -1, ABORT = -2
};

/* A GPU or a MIG instance: what an nvmlDevice_t points to. */
struct device {
    int is_mig;
    int gpu;                        /* number of the GPU, or of the parent */
    char uuid[96], name[96], bus[32], serial[32];
    unsigned long long memory, used, energy;
    unsigned major, minor_cc, minor, power, limit, util, temp, width, width_max, reasons, recovery, crc;
    unsigned rows[4], ecc[2];
    int fabric, fabric_status, mig_mode, margin, has_rows, has_energy, has_serial;
    unsigned gi, ci;
};

struct link { int gpu, to; unsigned active; };                 /* to: a GPU's number, or -1 for a switch */
struct process { int gpu; unsigned pid; unsigned long long memory; };
struct event { int gpu; unsigned long long type, data; };
struct rule { char fn[64]; int gpu; int code; };               /* gpu -1: any; empty fn: all */

struct state {
    char driver[80];
    int cuda, init_code, path_level, garbled_v3;
    int gpus, migs, links, processes, events, rules, hidden[GPUS_MAX];
    struct device gpu[GPUS_MAX], mig[MIGS_MAX];
    struct link link[LINKS_MAX];
    struct process process[PROCESSES_MAX];
    struct event event[EVENTS_MAX];
    struct rule rule[RULES_MAX];
};

extern struct state S;

void reload(void);                                             /* reads the file again if it changed */
int live_processes(const char *uuid, unsigned *pids, int max); /* who was started with CUDA_VISIBLE_DEVICES=uuid */

#endif
