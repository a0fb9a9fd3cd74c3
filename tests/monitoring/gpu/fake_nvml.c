/* A libnvidia-ml.so.1 whose answers stand in a text file, named by FAKE_NVML and read at each call.
 *
 * Lines are `KEY VALUE`; of a key that stands twice the last counts. A key that is missing is NVML_ERROR_NOT_SUPPORTED;
 * the values `!lost`, `!denied`, `!unknown`, `!uninitialized` and `!nofunction` are the errors of that name.
 * Keys: init, driver, count; of card 0: 0.name, 0.uuid, 0.power_mw, ...; of its second MIG instance: 0:1.uuid, ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *device;
enum { OK = 0, UNSUPPORTED = 3, DENIED = 4, TOO_SMALL = 7, UNINITIALIZED = 1, NO_FUNCTION = 13, LOST = 15, UNKNOWN = 999, NOT_FOUND = 6 };

static int look(const char *key, char *value, size_t size) {
  char line[512], want[128];
  int found = UNSUPPORTED;
  FILE *file = fopen(getenv("FAKE_NVML"), "r");
  if (!file) return UNKNOWN;
  snprintf(want, sizeof want, "%s ", key);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, want, strlen(want))) continue;
    snprintf(value, size, "%s", line + strlen(want));
    found = OK;
  }
  fclose(file);
  if (found == OK && value[0] == '!')
    return !strcmp(value, "!lost") ? LOST : !strcmp(value, "!denied") ? DENIED : !strcmp(value, "!unknown") ? UNKNOWN
         : !strcmp(value, "!uninitialized") ? UNINITIALIZED : !strcmp(value, "!nofunction") ? NO_FUNCTION : UNSUPPORTED;
  return found;
}

/* Handles: card i is i + 1, its MIG instance j is 100 * (i + 1) + j. */
static void name_of(device d, const char *field, char *key, size_t size) {
  long handle = (long)d;
  if (handle < 100) snprintf(key, size, "%ld.%s", handle - 1, field);
  else snprintf(key, size, "%ld:%ld.%s", handle / 100 - 1, handle % 100, field);
}
static int text(device d, const char *field, char *value, size_t size) {
  char key[128];
  name_of(d, field, key, sizeof key);
  return look(key, value, size);
}
static int number(device d, const char *field, double *value) {
  char found[256];
  int code = text(d, field, found, sizeof found);
  if (code == OK) *value = atof(found);
  return code;
}
static int whole(device d, const char *field, unsigned *value) {
  double found;
  int code = number(d, field, &found);
  if (code == OK) *value = (unsigned)found;
  return code;
}

int nvmlInitWithFlags(unsigned flags) { char v[64]; int code = look("init", v, sizeof v); return code == UNSUPPORTED ? OK : code; }
int nvmlShutdown(void) { return OK; }
int nvmlDeviceGetCount_v2(unsigned *n) { char v[64]; int code = look("count", v, sizeof v); if (!code) *n = atoi(v); return code; }
int nvmlSystemGetDriverVersion(char *s, unsigned n) { return look("driver", s, n); }
int nvmlSystemGetProcessName(unsigned pid, char *s, unsigned n) { char key[64]; snprintf(key, sizeof key, "process.%u", pid); return look(key, s, n); }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, device *d) { char v[64]; int code; *d = (device)(long)(i + 1); code = text(*d, "handle", v, sizeof v); return code == UNSUPPORTED ? OK : code; }
int nvmlDeviceGetUUID(device d, char *s, unsigned n) { return text(d, "uuid", s, n); }
int nvmlDeviceGetName(device d, char *s, unsigned n) { return text(d, "name", s, n); }
int nvmlDeviceGetPowerUsage(device d, unsigned *mw) { return whole(d, "power_mw", mw); }
int nvmlDeviceGetEnforcedPowerLimit(device d, unsigned *mw) { return whole(d, "limit_mw", mw); }
int nvmlDeviceGetPowerManagementLimit(device d, unsigned *mw) { return whole(d, "limit_mw", mw); }
int nvmlDeviceGetPowerManagementDefaultLimit(device d, unsigned *mw) { return whole(d, "default_mw", mw); }
int nvmlDeviceGetPowerManagementLimitConstraints(device d, unsigned *least, unsigned *most) { int code = whole(d, "least_mw", least); return code ? code : whole(d, "most_mw", most); }
int nvmlDeviceSetPowerManagementLimit(device d, unsigned mw) {
  char key[128], v[64];
  FILE *file;
  if (text(d, "settable", v, sizeof v)) return DENIED;
  name_of(d, "limit_mw", key, sizeof key);
  file = fopen(getenv("FAKE_NVML"), "a");
  fprintf(file, "%s %u\n", key, mw);
  fclose(file);
  return OK;
}
int nvmlDeviceGetTotalEnergyConsumption(device d, unsigned long long *mj) { char v[64]; int code = text(d, "energy_mj", v, sizeof v); if (!code) *mj = strtoull(v, 0, 10); return code; }
int nvmlDeviceGetUtilizationRates(device d, unsigned *u) { int code = whole(d, "use", u); return code ? code : whole(d, "memory_use", u + 1); }
int nvmlDeviceGetTemperature(device d, int sensor, unsigned *t) { return whole(d, "celsius", t); }
int nvmlDeviceGetTemperatureV(device d, unsigned *t) { return whole(d, "celsius", t + 2); }
int nvmlDeviceGetClockInfo(device d, unsigned kind, unsigned *mhz) { return whole(d, kind == 1 ? "sm_mhz" : "memory_mhz", mhz); }
int nvmlDeviceGetMaxClockInfo(device d, unsigned kind, unsigned *mhz) { return whole(d, kind == 1 ? "sm_max_mhz" : "memory_max_mhz", mhz); }
#ifdef OLD_DRIVER
int nvmlDeviceGetCurrentClocksThrottleReasons(device d, unsigned long long *bits) {
#else
int nvmlDeviceGetCurrentClocksEventReasons(device d, unsigned long long *bits) {
#endif
  unsigned found;
  int code = whole(d, "reasons", &found);
  if (!code) *bits = found;
  return code;
}
#ifndef OLD_DRIVER
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
int nvmlDeviceGetMemoryInfo_v2(device d, struct memory_v2 *m) {
  double used, total;
  int code = number(d, "memory_used", &used);
  if (!code) code = number(d, "memory_total", &total);
  if (!code) { m->used = used; m->total = total; }
  return code;
}
#endif
int nvmlDeviceGetMemoryInfo(device d, unsigned long long *m) {
  double used, total;
  int code = number(d, "memory_used", &used);
  if (!code) code = number(d, "memory_total", &total);
  if (!code) { m[0] = total; m[1] = total - used; m[2] = used; }
  return code;
}
struct process { unsigned pid; unsigned long long memory; unsigned group, part; };
static int processes(device d, unsigned *n, struct process *found) {
  char v[256];
  int code = text(d, "processes", v, sizeof v);  /* PID:BYTES,... ; `-` for bytes that are not told */
  unsigned count = 0;
  if (code) return code;
  for (char *one = strtok(v, ","); one; one = strtok(0, ","), count++) {
    if (found && count < *n) {
      char *bytes = strchr(one, ':');
      found[count].pid = atoi(one);
      found[count].memory = bytes[1] == '-' ? ~0ull : strtoull(bytes + 1, 0, 10);
    }
  }
  code = found || !count ? OK : TOO_SMALL;
  *n = count;
  return code;
}
#ifdef OLD_DRIVER
int nvmlDeviceGetComputeRunningProcesses_v2(device d, unsigned *n, struct process *found) { return processes(d, n, found); }
#else
int nvmlDeviceGetComputeRunningProcesses_v3(device d, unsigned *n, struct process *found) { return processes(d, n, found); }
int nvmlDeviceGetMigMode(device d, unsigned *now, unsigned *next) { *next = 0; return whole(d, "mig", now); }
int nvmlDeviceGetMaxMigDeviceCount(device d, unsigned *n) { return whole(d, "mig_most", n); }
int nvmlDeviceGetMigDeviceHandleByIndex(device d, unsigned i, device *instance) {
  char v[128];
  *instance = (device)(100 * (long)d + i);
  return text(*instance, "uuid", v, sizeof v) ? NOT_FOUND : OK;
}
int nvmlDeviceGetGpuInstanceId(device d, unsigned *id) { return whole(d, "group", id); }
int nvmlDeviceGetComputeInstanceId(device d, unsigned *id) { return whole(d, "part", id); }
struct attributes { unsigned sms, copy, decoders, encoders, jpeg, ofa, group_slices, part_slices; unsigned long long megabytes; };
int nvmlDeviceGetAttributes_v2(device d, struct attributes *a) { memset(a, 0, sizeof *a); return whole(d, "slices", &a->part_slices); }

/* GPM: a sample is the handle of what was sampled. */
struct support { unsigned version, is_supported; };
struct metric { unsigned id; int code; double value; char *names[3]; };
struct metrics { unsigned version, count; device *first, *second; struct metric of[477]; };
int nvmlGpmQueryDeviceSupport(device d, struct support *s) { int code = whole(d, "gpm", &s->is_supported); if (code == UNSUPPORTED) { s->is_supported = 0; code = OK; } return code; }
int nvmlGpmSampleAlloc(device **sample) { *sample = malloc(sizeof(device)); return OK; }
int nvmlGpmSampleFree(device *sample) { free(sample); return OK; }
int nvmlGpmSampleGet(device d, device *sample) { char v[64]; int code = text(d, "sample", v, sizeof v); *sample = d; return code == UNSUPPORTED ? OK : code; }
int nvmlGpmMigSampleGet(device d, unsigned group, device *sample) {
  for (long j = 0; j < 8; j++) {
    unsigned id;
    device instance = (device)(100 * (long)d + j);
    if (!whole(instance, "group", &id) && id == group) { *sample = instance; return OK; }
  }
  return NOT_FOUND;
}
int nvmlGpmMetricsGet(struct metrics *m) {
  for (unsigned i = 0; i < m->count; i++) {
    char field[32];
    snprintf(field, sizeof field, "gpm%u", m->of[i].id);
    m->of[i].code = number(*m->second, field, &m->of[i].value);
  }
  return OK;
}
#endif
int nvmlDeviceGetComputeMode(device d, unsigned *mode) { *mode = 0; return OK; }
