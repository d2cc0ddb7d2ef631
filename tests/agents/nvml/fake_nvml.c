/* A libnvidia-ml.so.1 without hardware. -DOLD_DRIVER leaves out what drivers of the 470 branch do not have. */
#define _GNU_SOURCE
#include "fake_nvml.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct device *handle;
struct pci { char legacy[16]; unsigned domain, bus, device, id, subsystem; char bus_id[32]; };
struct memory_v1 { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
struct process_record { unsigned pid; unsigned long long memory; unsigned gi, ci; };
struct attributes { unsigned sm, copy, decoder, encoder, jpeg, ofa, gpu_slices, compute_slices; unsigned long long mebibytes; };
struct temperature { unsigned version, sensor; int celsius; };
struct margin { unsigned version; int celsius; };
struct fabric { unsigned version; unsigned char cluster[16]; int status; unsigned clique; unsigned char state; unsigned health; };
struct event_data { handle device; unsigned long long type, data; unsigned gi, ci; };
struct field { unsigned id, scope; long long timestamp, latency; int type, code; union { double d; unsigned long long u; } value; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int started, delivered;
static unsigned long long watched[GPUS_MAX];

/* What stands before every answer: the file as it is now, then the rules. */
static int enter(const char *fn, handle d)
{
    int code = OK;
    pthread_mutex_lock(&lock);
    reload();
    if (!started && strcmp(fn, "nvmlInitWithFlags"))
        code = UNINITIALIZED;
    for (int i = 0; i < S.rules && !code; i++)
        if ((!S.rule[i].fn[0] || !strcmp(S.rule[i].fn, fn)) && (S.rule[i].gpu < 0 || (d && d->gpu == S.rule[i].gpu)))
            code = S.rule[i].code;
    pthread_mutex_unlock(&lock);
    if (code == ABORT)
        abort();
    while (code == HANG)
        pause();
    return code;
}

#define ENTER(d) do { int code_ = enter(__func__, d); if (code_) return code_; } while (0)
#define REFUSE_IF(condition) do { if (condition) return NOT_SUPPORTED; } while (0)

/* --- the system --- */
int nvmlInitWithFlags(unsigned flags) { (void)flags; ENTER(NULL); if (S.init_code) return S.init_code; started = 1; return OK; }
int nvmlShutdown(void) { started = 0; return OK; }
const char *nvmlErrorString(int code) { static char text[32]; snprintf(text, sizeof text, "fake error %d", code); return text; }
int nvmlSystemGetDriverVersion(char *to, unsigned size) { ENTER(NULL); snprintf(to, size, "%s", S.driver); return OK; }
int nvmlSystemGetCudaDriverVersion(int *to) { ENTER(NULL); *to = S.cuda; return OK; }
#ifndef OLD_DRIVER
int nvmlSystemGetCudaDriverVersion_v2(int *to) { ENTER(NULL); *to = S.cuda; return OK; }
#endif
int nvmlDeviceGetCount_v2(unsigned *to) { ENTER(NULL); *to = (unsigned)S.gpus; return OK; }

/* --- handles --- */
int nvmlDeviceGetHandleByIndex_v2(unsigned index, handle *to)
{
    ENTER(NULL);
    if (index >= (unsigned)S.gpus) return INVALID_ARGUMENT;
    if (S.hidden[index]) return S.hidden[index];
    *to = &S.gpu[index];
    return OK;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, handle *to)
{
    ENTER(NULL);
    for (int i = 0; i < S.gpus; i++) if (!strcmp(S.gpu[i].uuid, uuid)) { *to = &S.gpu[i]; return OK; }
    for (int i = 0; i < S.migs; i++) if (!strcmp(S.mig[i].uuid, uuid)) { *to = &S.mig[i]; return OK; }
    return NOT_FOUND;
}

/* --- identity --- */
int nvmlDeviceGetUUID(handle d, char *to, unsigned size) { ENTER(d); snprintf(to, size, "%s", d->uuid); return OK; }
int nvmlDeviceGetName(handle d, char *to, unsigned size) { ENTER(d); snprintf(to, size, "%s", d->name); return OK; }
int nvmlDeviceGetSerial(handle d, char *to, unsigned size) { ENTER(d); REFUSE_IF(!d->has_serial); snprintf(to, size, "%s", d->serial); return OK; }
int nvmlDeviceGetMinorNumber(handle d, unsigned *to) { ENTER(d); *to = d->minor; return OK; }
int nvmlDeviceGetCudaComputeCapability(handle d, int *major, int *minor) { ENTER(d); *major = (int)d->major; *minor = (int)d->minor_cc; return OK; }
int nvmlDeviceGetPciInfo_v3(handle d, struct pci *to) { ENTER(d); memset(to, 0, sizeof *to); snprintf(to->bus_id, sizeof to->bus_id, "%s", d->bus); return OK; }
int nvmlDeviceGetMaxPcieLinkWidth(handle d, unsigned *to) { ENTER(d); *to = d->width_max; return OK; }
int nvmlDeviceGetMaxPcieLinkGeneration(handle d, unsigned *to) { ENTER(d); *to = 5; return OK; }
int nvmlDeviceGetMemoryAffinity(handle d, unsigned words, unsigned long *to, int scope)
{
    (void)scope; ENTER(d);
    memset(to, 0, words * sizeof *to);
    to[0] = d->gpu < 4 ? 1 : 2;
    return OK;
}

/* --- gauges --- */
int nvmlDeviceGetMemoryInfo(handle d, struct memory_v1 *to) { ENTER(d); *to = (struct memory_v1){d->memory, d->memory - d->used, d->used + (512u << 20)}; return OK; }
int nvmlDeviceGetUtilizationRates(handle d, unsigned to[2]) { ENTER(d); REFUSE_IF(d->mig_mode == 1); to[0] = d->util; to[1] = 0; return OK; }
int nvmlDeviceGetPowerUsage(handle d, unsigned *to) { ENTER(d); *to = d->power; return OK; }
int nvmlDeviceGetEnforcedPowerLimit(handle d, unsigned *to) { ENTER(d); *to = d->limit; return OK; }
int nvmlDeviceGetTotalEnergyConsumption(handle d, unsigned long long *to) { ENTER(d); REFUSE_IF(!d->has_energy); *to = d->energy; return OK; }
int nvmlDeviceGetTemperature(handle d, int sensor, unsigned *to) { (void)sensor; ENTER(d); *to = d->temp; return OK; }
int nvmlDeviceGetClockInfo(handle d, int kind, unsigned *to) { ENTER(d); *to = kind == 1 ? 1980 : 2619; return OK; }
int nvmlDeviceGetCurrentClocksThrottleReasons(handle d, unsigned long long *to) { ENTER(d); *to = d->reasons; return OK; }
int nvmlDeviceGetCurrPcieLinkWidth(handle d, unsigned *to) { ENTER(d); *to = d->width; return OK; }
int nvmlDeviceGetPcieReplayCounter(handle d, unsigned *to) { ENTER(d); *to = 0; return OK; }
int nvmlDeviceGetPersistenceMode(handle d, int *to) { ENTER(d); *to = 1; return OK; }
int nvmlDeviceGetTotalEccErrors(handle d, int kind, int counter, unsigned long long *to) { (void)counter; ENTER(d); *to = d->ecc[kind]; return OK; }
int nvmlDeviceGetRetiredPagesPendingStatus(handle d, int *to) { (void)to; ENTER(d); return NOT_SUPPORTED; }
int nvmlDeviceGetRemappedRows(handle d, unsigned *cor, unsigned *unc, unsigned *pending, unsigned *failed)
{
    ENTER(d);
    REFUSE_IF(!d->has_rows || d->mig_mode == 1);
    *cor = d->rows[0]; *unc = d->rows[1]; *pending = d->rows[2]; *failed = d->rows[3];
    return OK;
}

#ifndef OLD_DRIVER
int nvmlDeviceGetMemoryInfo_v2(handle d, struct memory_v2 *to)
{
    ENTER(d);
    if (to->version != (sizeof *to | 2u << 24)) return VERSION_MISMATCH;
    to->total = d->memory; to->used = d->used; to->reserved = 512u << 20; to->free = d->memory - d->used - to->reserved;
    return OK;
}
int nvmlDeviceGetTemperatureV(handle d, struct temperature *to) { ENTER(d); if (to->version != (sizeof *to | 1u << 24)) return VERSION_MISMATCH; to->celsius = (int)d->temp; return OK; }
int nvmlDeviceGetMarginTemperature(handle d, struct margin *to) { ENTER(d); if (to->version != (sizeof *to | 1u << 24)) return VERSION_MISMATCH; to->celsius = d->margin; return OK; }
int nvmlDeviceGetGpuFabricInfoV(handle d, struct fabric *to)
{
    ENTER(d);
    REFUSE_IF(!d->fabric);
    if (to->version != (sizeof *to | 2u << 24)) return VERSION_MISMATCH;
    to->state = (unsigned char)d->fabric;
    to->status = d->fabric_status;
    return OK;
}
int nvmlDeviceGetCurrentClocksEventReasons(handle d, unsigned long long *to) { ENTER(d); *to = d->reasons; return OK; }
#endif

int nvmlDeviceGetFieldValues(handle d, int count, struct field *to)
{
    ENTER(d);
    for (int i = 0; i < count; i++) {
        to[i].code = NOT_SUPPORTED;
#ifndef OLD_DRIVER
        if (to[i].id == 230) { to[i].code = OK; to[i].type = 1; to[i].value.u = d->recovery; }
#endif
    }
    return OK;
}

/* --- links --- */
static struct link *find_link(handle d, unsigned number)
{
    for (int i = 0; i < S.links; i++)
        if (S.link[i].gpu == d->gpu && number-- == 0)
            return &S.link[i];
    return NULL;
}

static int link_of(handle d, unsigned number, struct link **to)
{
    if (!find_link(d, 0)) return NOT_SUPPORTED;
    return (*to = find_link(d, number)) ? OK : INVALID_ARGUMENT;
}

#define LINK(l) struct link *l; ENTER(d); do { int code_ = link_of(d, number, &l); if (code_) return code_; } while (0)
int nvmlDeviceGetNvLinkState(handle d, unsigned number, unsigned *to) { LINK(l); *to = l->active; return OK; }
int nvmlDeviceGetNvLinkErrorCounter(handle d, unsigned number, int counter, unsigned long long *to) { LINK(l); (void)l; (void)counter; *to = d->crc; return OK; }
int nvmlDeviceGetNvLinkRemotePciInfo_v2(handle d, unsigned number, struct pci *to)
{
    LINK(l);
    REFUSE_IF(!l->active);
    memset(to, 0, sizeof *to);
    snprintf(to->bus_id, sizeof to->bus_id, "%s", l->to < 0 ? "00000000:F0:00.0" : S.gpu[l->to].bus);
    return OK;
}
#ifndef OLD_DRIVER
int nvmlDeviceGetNvLinkRemoteDeviceType(handle d, unsigned number, int *to) { LINK(l); REFUSE_IF(!l->active); *to = l->to < 0 ? 2 : 0; return OK; }
#endif
int nvmlDeviceGetTopologyCommonAncestor(handle d, handle other, int *to) { (void)other; ENTER(d); REFUSE_IF(S.path_level < 0); *to = S.path_level; return OK; }

/* --- MIG --- */
int nvmlDeviceGetMigMode(handle d, unsigned *now, unsigned *pending) { ENTER(d); REFUSE_IF(d->is_mig || d->mig_mode < 0); *now = *pending = (unsigned)d->mig_mode; return OK; }
int nvmlDeviceGetMaxMigDeviceCount(handle d, unsigned *to) { ENTER(d); *to = d->mig_mode == 1 ? 7 : 0; return OK; }
int nvmlDeviceGetMigDeviceHandleByIndex(handle d, unsigned index, handle *to)
{
    ENTER(d);
    for (int i = 0; i < S.migs; i++)
        if (S.mig[i].gpu == d->gpu && S.mig[i].gi == index) { *to = &S.mig[i]; return OK; }
    return NOT_FOUND;
}
int nvmlDeviceGetGpuInstanceId(handle d, unsigned *to) { ENTER(d); REFUSE_IF(!d->is_mig); *to = d->gi; return OK; }
int nvmlDeviceGetComputeInstanceId(handle d, unsigned *to) { ENTER(d); REFUSE_IF(!d->is_mig); *to = d->ci; return OK; }
int nvmlDeviceGetAttributes_v2(handle d, struct attributes *to) { ENTER(d); REFUSE_IF(!d->is_mig); memset(to, 0, sizeof *to); to->mebibytes = d->memory >> 20; return OK; }

/* --- processes --- */
static unsigned listed(handle d, struct process_record *to, unsigned max)
{
    unsigned pids[PROCESSES_MAX], found = 0;
    int live = live_processes(d->uuid, pids, PROCESSES_MAX);
    for (int i = 0; i < S.processes && !d->is_mig && found < max; i++)
        if (S.process[i].gpu == d->gpu)
            to[found++] = (struct process_record){S.process[i].pid, S.process[i].memory, ~0u, ~0u};
    for (int i = 0; i < live && found < max; i++)
        to[found++] = (struct process_record){pids[i], 1ull << 30, ~0u, ~0u};
    return found;
}

/* As the driver does it: asked with too little room, it says how much is needed. */
static int list_processes(handle d, unsigned *count, struct process_record *to)
{
    struct process_record all[2 * PROCESSES_MAX];
    unsigned found, room = *count;
    pthread_mutex_lock(&lock);
    found = listed(d, all, 2 * PROCESSES_MAX);
    pthread_mutex_unlock(&lock);
    *count = found;
    if (found > room || !to) return found ? INSUFFICIENT_SIZE : OK;
    memcpy(to, all, found * sizeof *to);
    return OK;
}

int nvmlDeviceGetComputeRunningProcesses_v2(handle d, unsigned *count, struct process_record *to) { ENTER(d); return list_processes(d, count, to); }
int nvmlDeviceGetGraphicsRunningProcesses_v2(handle d, unsigned *count, struct process_record *to) { (void)to; ENTER(d); *count = 0; return OK; }
#ifndef OLD_DRIVER
int nvmlDeviceGetComputeRunningProcesses_v3(handle d, unsigned *count, struct process_record *to)
{
    int code;
    ENTER(d);
    code = list_processes(d, count, to);
    for (unsigned i = 0; S.garbled_v3 && to && !code && i < *count; i++)
        to[i].pid = 0x7ffffff0u + i;    /* as early 535 drivers do, whose records are of another size */
    return code;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(handle d, unsigned *count, struct process_record *to) { (void)to; ENTER(d); *count = 0; return OK; }
#endif

/* --- events: each line of the file is told once, when it is there, of GPUs that are watched for its kind --- */
int nvmlEventSetCreate(void **to) { static int set; ENTER(NULL); *to = &set; return OK; }
int nvmlEventSetFree(void *set) { (void)set; memset(watched, 0, sizeof watched); return OK; }
int nvmlDeviceGetSupportedEventTypes(handle d, unsigned long long *to) { ENTER(d); *to = 0x10a; return OK; }
int nvmlDeviceRegisterEvents(handle d, unsigned long long kinds, void *set) { (void)set; ENTER(d); REFUSE_IF(kinds & ~0x10aull); watched[d->gpu] |= kinds; return OK; }
int nvmlEventSetWait_v2(void *set, struct event_data *to, unsigned milliseconds)
{
    (void)set;
    for (unsigned waited = 0; waited < milliseconds; waited += 10) {
        ENTER(NULL);
        if (delivered < S.events) {
            struct event e = S.event[delivered++];
            if (!(watched[e.gpu] & e.type)) continue;
            *to = (struct event_data){&S.gpu[e.gpu], e.type, e.data, ~0u, ~0u};
            return OK;
        }
        usleep(10000);
    }
    return TIMEOUT;
}
