/* Reads the configuration: one thing a line, "kind key=value ...". '_' in a name stands for a space. */
#define _GNU_SOURCE
#include "fake_nvml.h"
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct state S;

static const char *value(const char *line, const char *key, const char *otherwise)
{
    static char out[8][128];
    static int turn;
    char pattern[40];
    const char *at;
    snprintf(pattern, sizeof pattern, " %s=", key);
    if (!(at = strstr(line, pattern)))
        return otherwise;
    turn = (turn + 1) % 8;
    sscanf(at + strlen(pattern), "%127s", out[turn]);
    return out[turn];
}

static unsigned long long number(const char *line, const char *key, unsigned long long otherwise)
{
    const char *text = value(line, key, NULL);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

static void spaced(char *to, size_t size, const char *from)
{
    copy(to, size, from);
    for (; *to; to++)
        if (*to == '_')
            *to = ' ';
}

static void read_numbers(const char *text, unsigned *to, int count)
{
    for (int i = 0; i < count && text && *text; i++) {
        to[i] = (unsigned)strtoul(text, (char **)&text, 0);
        if (*text == ',')
            text++;
    }
}

static void read_gpu(const char *line)
{
    struct device *d = &S.gpu[S.gpus];
    memset(d, 0, sizeof *d);
    d->gpu = S.gpus;
    copy(d->uuid, sizeof d->uuid, value(line, "uuid", "GPU-0"));
    spaced(d->name, sizeof d->name, value(line, "name", "Fake"));
    copy(d->bus, sizeof d->bus, value(line, "bus", "00000000:01:00.0"));
    copy(d->serial, sizeof d->serial, value(line, "serial", ""));
    d->has_serial = d->serial[0] != 0;
    d->memory = number(line, "memory", 1ull << 30);
    d->used = number(line, "used", 0);
    d->energy = number(line, "energy", 0);
    d->has_energy = value(line, "energy", NULL) != NULL;
    sscanf(value(line, "cc", "9.0"), "%u.%u", &d->major, &d->minor_cc);
    d->minor = (unsigned)number(line, "minor", (unsigned)S.gpus);
    d->power = (unsigned)number(line, "power", 70000);
    d->limit = (unsigned)number(line, "limit", 700000);
    d->util = (unsigned)number(line, "util", 0);
    d->temp = (unsigned)number(line, "temp", 30);
    d->margin = (int)number(line, "margin", 55);
    d->width = (unsigned)number(line, "width", 16);
    d->width_max = (unsigned)number(line, "width_max", 16);
    d->reasons = (unsigned)number(line, "reasons", 1);
    d->recovery = (unsigned)number(line, "recovery", 0);
    d->crc = (unsigned)number(line, "crc", 0);
    d->mig_mode = (int)number(line, "mig", (unsigned long long)-1);
    d->fabric = (int)number(line, "fabric", 0);
    d->fabric_status = (int)number(line, "fabric_status", 0);
    d->has_rows = value(line, "rows", NULL) != NULL;
    read_numbers(value(line, "rows", NULL), d->rows, 4);
    read_numbers(value(line, "ecc", NULL), d->ecc, 2);
    S.hidden[S.gpus] = (int)number(line, "handle_error", 0);
    S.gpus++;
}

static void read_mig(const char *line)
{
    struct device *d = &S.mig[S.migs++];
    memset(d, 0, sizeof *d);
    d->is_mig = 1;
    d->gpu = (int)number(line, "gpu", 0);
    copy(d->uuid, sizeof d->uuid, value(line, "uuid", "MIG-0"));
    spaced(d->name, sizeof d->name, value(line, "name", "Fake MIG"));
    d->memory = number(line, "memory", 1ull << 30);
    d->gi = (unsigned)number(line, "gi", 0);
    d->ci = (unsigned)number(line, "ci", 0);
}

static int code_of(const char *text)
{
    return !strcmp(text, "hang") ? HANG : !strcmp(text, "abort") ? ABORT : atoi(text);
}

static void read_rule(const char *line)
{
    struct rule *r = &S.rule[S.rules++];
    copy(r->fn, sizeof r->fn, value(line, "fn", ""));
    r->gpu = (int)number(line, "gpu", (unsigned long long)-1);
    r->code = code_of(value(line, "code", "999"));
}

static void read_line(const char *line)
{
    if (!strncmp(line, "driver ", 7))
        sscanf(line + 7, "%79s", S.driver);
    else if (!strncmp(line, "cuda ", 5))
        S.cuda = atoi(line + 5);
    else if (!strncmp(line, "init ", 5))
        S.init_code = code_of(value(line, "code", "0"));
    else if (!strncmp(line, "path ", 5))
        S.path_level = (int)number(line, "level", 50);
    else if (!strncmp(line, "garbled_v3", 10))
        S.garbled_v3 = 1;
    else if (!strncmp(line, "gpu ", 4) && S.gpus < GPUS_MAX)
        read_gpu(line);
    else if (!strncmp(line, "mig ", 4) && S.migs < MIGS_MAX)
        read_mig(line);
    else if (!strncmp(line, "fail ", 5) && S.rules < RULES_MAX)
        read_rule(line);
    else if (!strncmp(line, "nvlink ", 7) && S.links < LINKS_MAX)
        S.link[S.links++] = (struct link){(int)number(line, "gpu", 0), (int)number(line, "to", (unsigned long long)-1),
                                          (unsigned)number(line, "active", 1)};
    else if (!strncmp(line, "process ", 8) && S.processes < PROCESSES_MAX)
        S.process[S.processes++] = (struct process){(int)number(line, "gpu", 0), (unsigned)number(line, "pid", 0),
                                                    number(line, "memory", 0)};
    else if (!strncmp(line, "event ", 6) && S.events < EVENTS_MAX)
        S.event[S.events++] = (struct event){(int)number(line, "gpu", 0), number(line, "type", 8),
                                             number(line, "data", 0)};
}

void reload(void)
{
    static struct timespec read_at;
    static off_t size;
    const char *path = getenv("FAKE_NVML");
    struct stat now;
    char line[512];
    FILE *file;
    if (!path || stat(path, &now))
        return;
    if (now.st_mtim.tv_sec == read_at.tv_sec && now.st_mtim.tv_nsec == read_at.tv_nsec && now.st_size == size)
        return;
    if (!(file = fopen(path, "r")))
        return;
    read_at = now.st_mtim;
    size = now.st_size;
    S.gpus = S.migs = S.links = S.processes = S.events = S.rules = S.init_code = S.garbled_v3 = 0;
    S.path_level = -1;
    while (fgets(line, sizeof line, file))
        read_line(line);
    fclose(file);
}

static int names(const char *environment, size_t size, const char *uuid)
{
    static const char variable[] = "CUDA_VISIBLE_DEVICES=";
    for (const char *at = environment; at < environment + size; at += strlen(at) + 1)
        if (!strncmp(at, variable, sizeof variable - 1))
            return strstr(at, uuid) != NULL;
    return 0;
}

int live_processes(const char *uuid, unsigned *pids, int max)
{
    static char environment[1 << 18];
    int found = 0;
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    while (proc && found < max && (entry = readdir(proc))) {
        char path[300];
        FILE *file;
        size_t size;
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
        if (!(file = fopen(path, "r")))
            continue;
        size = fread(environment, 1, sizeof environment - 1, file);
        environment[size] = 0;
        fclose(file);
        if (names(environment, size, uuid))
            pids[found++] = (unsigned)atoi(entry->d_name);
    }
    if (proc)
        closedir(proc);
    return found;
}
