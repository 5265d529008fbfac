/* A stand-in for VMware's Virtual Disk Development Kit, as far as the vddk plugin of nbdkit calls it for reading. It takes
 * disks from plain files: `[datastore] folder/file.vmdk` is LIBDIR/disks/file.vmdk. What it is told at connecting stands in
 * LIBDIR/told afterwards, but for the password, which has to be that of LIBDIR/password. As long as LIBDIR/exhausted is
 * there, reads end as on a host without memory for them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef uint64_t Error;
enum { ok = 0, fail = 1, noMemory = 2, notFound = 4, notSupported = 6, wrongPassword = 18000, pending = 25000 };
enum { sectorBytes = 512 };

struct Connect {
  char *vm, *server, *thumbprint;
  long reserved1;
  int credentials;
  union {
    struct { char *user, *password; } account;
    struct { char *cookie, *user, *key; } session;
  } as;
  uint32_t port, nfcPort;
  char *reserved3;
  char reserved4[8];
  void *reserved5;
  struct { char *id, *datastore, *snapshot; } object;
  int kind;
};

struct Info {
  uint32_t biosGeometry[3], physicalGeometry[3];
  uint64_t sectors;
  int adapter, links;
  char *parentHint, *uuid;
  uint32_t logicalSectorBytes, physicalSectorBytes;
};

struct Blocks {
  uint32_t count;
  struct { uint64_t first, length; } blocks[];
};

struct Disk {
  int file;
  uint64_t sectors;
  pthread_mutex_t lock;
  pthread_cond_t idle;
  int underWay;
};

static char folder[PATH_MAX];

static FILE *open_beside(const char *name, const char *mode) {
  char path[PATH_MAX + 64];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return fopen(path, mode);
}

static void tell(const char *what, const char *value) {
  FILE *told = open_beside("told", "a");
  if (told == NULL) return;
  fprintf(told, "%s=%s\n", what, value == NULL ? "" : value);
  fclose(told);
}

Error VixDiskLib_InitEx(uint32_t major, uint32_t minor, void *log, void *warn, void *panic, const char *libdir,
                        const char *config) {
  (void)major, (void)minor, (void)log, (void)warn, (void)panic, (void)config;
  snprintf(folder, sizeof folder, "%s", libdir == NULL ? "." : libdir);
  return ok;
}

void VixDiskLib_Exit(void) {}

char *VixDiskLib_GetErrorText(Error error, const char *locale) {
  (void)locale;
  switch (error & 0xffff) {
  case noMemory: return strdup("NFC error 5: Failed to allocate the requested memory");
  case notFound: return strdup("A file was not found");
  case wrongPassword: return strdup("Cannot complete login due to an incorrect user name or password");
  default: return strdup("An unknown error");
  }
}

void VixDiskLib_FreeErrorText(char *text) { free(text); }
struct Connect *VixDiskLib_AllocateConnectParams(void) { return calloc(1, sizeof(struct Connect)); }
void VixDiskLib_FreeConnectParams(struct Connect *params) { free(params); }

Error VixDiskLib_ConnectEx(const struct Connect *params, char readOnly, const char *snapshot, const char *transports,
                           void **connection) {
  char expected[256] = "";
  FILE *file = open_beside("password", "r");
  if (file != NULL) {
    if (fgets(expected, sizeof expected, file) != NULL) expected[strcspn(expected, "\n")] = 0;
    fclose(file);
  }
  tell("server", params->server), tell("user", params->as.account.user), tell("vm", params->vm);
  tell("thumbprint", params->thumbprint), tell("snapshot", snapshot), tell("transports", transports);
  tell("read-only", readOnly ? "yes" : "no");
  if (params->as.account.password == NULL || strcmp(params->as.account.password, expected) != 0) return wrongPassword;
  *connection = calloc(1, 1);
  return ok;
}

Error VixDiskLib_Disconnect(void *connection) {
  free(connection);
  return ok;
}

Error VixDiskLib_Open(void *connection, const char *path, uint32_t flags, void **handle) {
  (void)connection, (void)flags;
  char name[PATH_MAX + 64];
  const char *slash = strrchr(path, '/');
  tell("file", path);
  snprintf(name, sizeof name, "%s/disks/%s", folder, slash == NULL ? path : slash + 1);
  struct stat facts;
  int file = open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &facts) < 0) return notFound;
  struct Disk *disk = calloc(1, sizeof *disk);
  disk->file = file;
  disk->sectors = facts.st_size / sectorBytes;
  pthread_mutex_init(&disk->lock, NULL);
  pthread_cond_init(&disk->idle, NULL);
  *handle = disk;
  return ok;
}

Error VixDiskLib_Close(void *handle) {
  struct Disk *disk = handle;
  close(disk->file);
  free(disk);
  return ok;
}

const char *VixDiskLib_GetTransportMode(void *handle) {
  (void)handle;
  return "nbdssl";
}

const char *VixDiskLib_ListTransportModes(void) { return "file:nbdssl:nbd"; }

Error VixDiskLib_GetInfo(void *handle, struct Info **info) {
  struct Disk *disk = handle;
  *info = calloc(1, sizeof **info);
  (*info)->sectors = disk->sectors;
  (*info)->adapter = 3;
  (*info)->links = 1;
  (*info)->logicalSectorBytes = (*info)->physicalSectorBytes = sectorBytes;
  return ok;
}

void VixDiskLib_FreeInfo(struct Info *info) { free(info); }

Error VixDiskLib_Read(void *handle, uint64_t first, uint64_t count, unsigned char *buffer) {
  struct Disk *disk = handle;
  FILE *exhausted = open_beside("exhausted", "r");
  if (exhausted != NULL) {
    fclose(exhausted);
    return noMemory;
  }
  for (uint64_t done = 0; done < count * sectorBytes;) {
    ssize_t read = pread(disk->file, buffer + done, count * sectorBytes - done, first * sectorBytes + done);
    if (read <= 0) return fail;
    done += read;
  }
  return ok;
}

struct Read {
  struct Disk *disk;
  uint64_t first, count;
  unsigned char *buffer;
  void (*done)(void *, Error);
  void *data;
};

static void *read_aside(void *argument) {
  struct Read *read = argument;
  read->done(read->data, VixDiskLib_Read(read->disk, read->first, read->count, read->buffer));
  pthread_mutex_lock(&read->disk->lock);
  read->disk->underWay -= 1;
  pthread_cond_broadcast(&read->disk->idle);
  pthread_mutex_unlock(&read->disk->lock);
  free(read);
  return NULL;
}

/* A thread for each read: they end in any order, as on a host. */
Error VixDiskLib_ReadAsync(void *handle, uint64_t first, uint64_t count, unsigned char *buffer,
                           void (*done)(void *, Error), void *data) {
  struct Read *read = malloc(sizeof *read);
  *read = (struct Read){handle, first, count, buffer, done, data};
  pthread_mutex_lock(&read->disk->lock);
  read->disk->underWay += 1;
  pthread_mutex_unlock(&read->disk->lock);
  pthread_t thread;
  if (pthread_create(&thread, NULL, read_aside, read) != 0) return fail;
  pthread_detach(thread);
  return pending;
}

Error VixDiskLib_Wait(void *handle) {
  struct Disk *disk = handle;
  pthread_mutex_lock(&disk->lock);
  while (disk->underWay > 0) pthread_cond_wait(&disk->idle, &disk->lock);
  pthread_mutex_unlock(&disk->lock);
  return ok;
}

Error VixDiskLib_Write(void *handle, uint64_t first, uint64_t count, const unsigned char *buffer) {
  (void)handle, (void)first, (void)count, (void)buffer;
  return notSupported;
}

Error VixDiskLib_WriteAsync(void *handle, uint64_t first, uint64_t count, const unsigned char *buffer,
                            void (*done)(void *, Error), void *data) {
  (void)done, (void)data;
  return VixDiskLib_Write(handle, first, count, buffer);
}

Error VixDiskLib_Flush(void *handle) {
  (void)handle;
  return ok;
}

Error VixDiskLib_Create(void *connection, const char *path, const void *params, void *progress, void *data) {
  (void)connection, (void)path, (void)params, (void)progress, (void)data;
  return notSupported;
}

/* In whole chunks, as the real one tells it. */
Error VixDiskLib_QueryAllocatedBlocks(void *handle, uint64_t first, uint64_t count, uint64_t chunk,
                                      struct Blocks **list) {
  struct Disk *disk = handle;
  uint64_t chunks = (count + chunk - 1) / chunk;
  struct Blocks *blocks = calloc(1, sizeof *blocks + chunks * sizeof blocks->blocks[0]);
  for (uint64_t index = 0; index < chunks; index += 1) {
    uint64_t start = first + index * chunk;
    off_t next = lseek(disk->file, start * sectorBytes, SEEK_DATA);
    if (next < 0 || (uint64_t)next >= (start + chunk) * sectorBytes) continue;
    blocks->blocks[blocks->count].first = start;
    blocks->blocks[blocks->count].length = chunk;
    blocks->count += 1;
  }
  *list = blocks;
  return ok;
}

void VixDiskLib_FreeBlockList(struct Blocks *list) { free(list); }
