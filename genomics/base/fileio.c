/* fileio: durable output files, capped reads, run locks. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "genomics/base/fileio.h"
#include "genomics/base/mem.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- writer */

/* Names to remove when a signal ends the run; a slot is free while NULL. */
enum { OPEN_MAX_WRITERS = 64 };
static _Atomic(char *) open_temporaries[OPEN_MAX_WRITERS];

static bool swap_open(char *from, char *to) {
    for (int i = 0; i < OPEN_MAX_WRITERS; i++) {
        char *expected = from;
        if (atomic_compare_exchange_strong(&open_temporaries[i], &expected, to)) return true;
    }
    return false;
}

static mn_status_t report_write(mn_err_t *err, const char *path, int code) {
    const char *hint = code == ENOSPC || code == EDQUOT  ? "free some space or write elsewhere"
                       : code == EACCES || code == EROFS ? "write to a folder that is yours"
                       : code == ENOENT                  ? "does the folder exist?"
                       : code == EBADF                   ? "it was closed before the program began"
                                                         : NULL;
    return mn_err_set(err, MN_IO, path, hint, "cannot write: %s", code ? strerror(code) : "unknown reason");
}

/* Files that are read, by device and number. */
static struct {
    dev_t device;
    ino_t number;
} * spared;
static int64_t n_spared, spared_capacity;

mn_status_t mn_writer_spare(const char *path, mn_err_t *err) {
    struct stat info;
    if (stat(path, &info) || !S_ISREG(info.st_mode)) return MN_OK;
    mn_status_t status = mn_mem_reserve((void **)&spared, &spared_capacity, n_spared + 1, sizeof *spared, err);
    if (status) return status;
    spared[n_spared].device = info.st_dev;
    spared[n_spared++].number = info.st_ino;
    return MN_OK;
}

mn_status_t mn_writer_check(const char *path, mn_err_t *err) {
    struct stat info;
    if (!n_spared || stat(path, &info)) return MN_OK;
    for (int64_t i = 0; i < n_spared; i++)
        if (spared[i].device == info.st_dev && spared[i].number == info.st_ino)
            return mn_err_set(err, MN_USAGE, path, "choose another output", "is an input of this run");
    return MN_OK;
}

/* Makes writer->temporary and opens it. The process number keeps runs apart, the counter this run's own writers. */
static mn_status_t open_temporary(mn_writer_t *writer, mn_err_t *err) {
    static atomic_int counter;
    int64_t size = (int64_t)strlen(writer->path) + 48;
    void *name;
    mn_status_t status = mn_mem_new(&name, size, 1, err);
    if (status) return status;
    writer->temporary = name;
    if (!swap_open(NULL, name)) return mn_err_set(err, MN_IO, writer->path, NULL, "too many output files are open");
    int fd;
    do {
        snprintf(name, (size_t)size, "%s.tmp-%ld-%d", writer->path, (long)getpid(), atomic_fetch_add(&counter, 1));
        fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EEXIST);
    if (fd < 0) {
        int code = errno;
        *writer->temporary = '\0'; /* nothing to remove */
        return report_write(err, writer->path, code);
    }
    writer->file = fdopen(fd, "wb");
    if (writer->file) return MN_OK;
    int code = errno;
    close(fd);
    return report_write(err, writer->path, code);
}

mn_status_t mn_writer_open(mn_writer_t *writer, const char *path, mn_err_t *err) {
    *writer = (mn_writer_t){0};
    struct stat info;
    bool exists = !stat(path, &info), to_stdout = !strcmp(path, "-");
    mn_status_t status = to_stdout ? MN_OK : mn_writer_check(path, err);
    if (status) return status;
    if (!to_stdout && exists && S_ISDIR(info.st_mode)) return report_write(err, path, EISDIR);
    /* A link's target is replaced, not the link. */
    char *real = exists && !to_stdout ? realpath(path, NULL) : NULL;
    status = mn_mem_string(&writer->path, to_stdout ? "stdout" : real ? real : path, err);
    free(real);
    if (status) return status;
    if (to_stdout) {
        writer->file = stdout;
    } else if (exists && !S_ISREG(info.st_mode)) { /* a device or pipe is written in place */
        writer->file = fopen(path, "wb");
        if (!writer->file) status = report_write(err, path, errno);
    } else {
        status = open_temporary(writer, err);
        /* who may read the file that is replaced */
        if (!status && exists) fchmod(fileno(writer->file), info.st_mode & 0777);
    }
    if (status) mn_writer_drop(writer);
    return status;
}

/* The folder that path lies in, opened; -1: it cannot be. */
static int open_folder(const char *path) {
    char *folder;
    if (mn_mem_string(&folder, path, NULL)) return -1;
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mn_mem_free(folder);
    return fd;
}

/* So that the rename itself survives a power cut. Some file systems cannot, which is no error. */
static void sync_folder(const char *path) {
    int fd = open_folder(path);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

mn_status_t mn_writer_commit(mn_writer_t *writer, mn_err_t *err) {
    errno = 0;
    bool failed = ferror(writer->file) != 0;
    if (failed) { /* an earlier write failed, and its errno is gone: the same once more tells why */
        clearerr(writer->file);
        fputc(0, writer->file);
    }
    failed |= fflush(writer->file) != 0;
    if (!failed && writer->temporary) failed = fsync(fileno(writer->file)) != 0;
    int code = errno;
    if (writer->file != stdout && fclose(writer->file) && !failed) {
        failed = true;
        code = errno;
    }
    writer->file = NULL;
    if (!failed && writer->temporary) {
        failed = rename(writer->temporary, writer->path) != 0;
        code = errno;
        if (!failed) {
            *writer->temporary = '\0';
            sync_folder(writer->path);
        }
    }
    mn_status_t status = failed ? report_write(err, writer->path, code) : MN_OK;
    mn_writer_drop(writer);
    return status;
}

void mn_writer_drop(mn_writer_t *writer) {
    if (writer->file && writer->file != stdout) fclose(writer->file);
    if (writer->temporary) {
        if (*writer->temporary) unlink(writer->temporary);
        swap_open(writer->temporary, NULL);
    }
    mn_mem_free(writer->temporary);
    mn_mem_free(writer->path);
    *writer = (mn_writer_t){0};
}

void mn_writer_drop_all(void) {
    for (int i = 0; i < OPEN_MAX_WRITERS; i++) {
        char *name = atomic_load(&open_temporaries[i]);
        if (name && *name) unlink(name);
    }
}

void mn_writer_sweep(const char *path) {
    const char *base = mn_path_base(path);
    const size_t length = strlen(base);
    int fd = open_folder(path);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        if (fd >= 0) close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(folder));) {
        const char *rest = entry->d_name + length, *mark = ".tmp-";
        if (strncmp(entry->d_name, base, length) || strncmp(rest, mark, strlen(mark))) continue;
        rest += strlen(mark);
        if (!rest[strspn(rest, "0123456789-")]) unlinkat(fd, entry->d_name, 0);
    }
    closedir(folder);
}

/* ---- reading */

mn_status_t mn_file_read(const char *path, int64_t cap, char **data, int64_t *size, mn_err_t *err) {
    *data = NULL;
    *size = 0;
    FILE *file = fopen(path, "rb");
    if (!file) return mn_err_set(err, MN_INPUT, path, NULL, "cannot read: %s", strerror(errno));
    struct stat info;
    int64_t held = 0, used = 0,
            known = !fstat(fileno(file), &info) && S_ISREG(info.st_mode) ? (int64_t)info.st_size : 0;
    void *block = NULL;
    mn_status_t status = MN_OK;
    if (known <= cap)
        status = mn_mem_reserve(&block, &held, known + 2, 1, err);
    else
        used = known;
    for (size_t got = 1; !status && got && used <= cap; used += (int64_t)got) {
        status = mn_mem_reserve(&block, &held, used + 2, 1, err); /* room for a byte more, and the NUL */
        if (!status)
            got = fread((char *)block + used, 1, (size_t)(held - used - 1), file);
        else
            got = 0;
    }
    if (!status && ferror(file)) status = mn_err_set(err, MN_IO, path, NULL, "read failed: %s", strerror(errno));
    if (!status && used > cap)
        status = mn_err_set(err, MN_INPUT, path, NULL, "larger than the %lld bytes allowed here", (long long)cap);
    fclose(file);
    if (status) {
        mn_mem_free(block);
        return status;
    }
    *data = block;
    (*data)[used] = '\0';
    *size = used;
    return MN_OK;
}

bool mn_file_exists(const char *path) {
    struct stat info;
    return !stat(path, &info);
}

bool mn_file_newer(const struct stat *a, const struct stat *b) {
    const struct timespec *x = &a->st_mtim, *y = &b->st_mtim;
    return x->tv_sec > y->tv_sec || (x->tv_sec == y->tv_sec && x->tv_nsec > y->tv_nsec);
}

bool mn_file_is_once(const char *path) {
    struct stat info;
    return !strcmp(path, "-") || (!stat(path, &info) && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode));
}

mn_status_t mn_file_check_entry(const char *path, mn_err_t *err) {
    if (!mn_file_is_once(path)) return MN_OK;
    return mn_err_set(err, MN_INPUT, path, "remove it from the folder", "is a pipe or device, no file");
}

/* ---- lock */

mn_status_t mn_lock_take(mn_lock_t *lock, const char *path, mn_err_t *err) {
    *lock = (mn_lock_t){.fd = -1};
    int64_t size = (int64_t)strlen(path) + 8;
    void *name;
    mn_status_t status = mn_mem_new(&name, size, 1, err);
    if (status) return status;
    lock->path = name;
    snprintf(name, (size_t)size, "%s.lock", path);
    /* Its last holder removes the file: a lock on a file that has lost its name is worth nothing, so look again. */
    for (struct stat held, named; !status;) {
        lock->fd = open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
        if (lock->fd < 0) {
            status = report_write(err, name, errno);
        } else if (flock(lock->fd, LOCK_EX | LOCK_NB)) {
            int code = errno;
            status = code == EWOULDBLOCK ? mn_err_set(err, MN_IO, path, "wait for it, or choose another -o",
                                                      "another run is writing this file")
                                         : report_write(err, name, code);
        } else if (!fstat(lock->fd, &held) && !stat(name, &named) && held.st_ino == named.st_ino) {
            return MN_OK;
        }
        if (lock->fd >= 0) close(lock->fd);
        lock->fd = -1;
    }
    mn_mem_free(lock->path);
    lock->path = NULL;
    return status;
}

void mn_lock_release(mn_lock_t *lock) {
    if (!lock->path) return;
    unlink(lock->path);
    close(lock->fd);
    mn_mem_free(lock->path);
    *lock = (mn_lock_t){.fd = -1};
}

/* ---- paths */

const char *mn_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool mn_path_is_url(const char *path) {
    const char *at = path;
    if (!isalpha((unsigned char)*at)) return false;
    while (isalnum((unsigned char)*at) || (*at && strchr("+-.", *at))) at++;
    return !strncmp(at, "://", 3);
}
