/* What a tracer of calls cannot see into: io_uring, and a shared writable mapping. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    char parameters[256] = {0};
    int none = syscall(SYS_io_uring_setup, 8, parameters) == -1 && errno == ENOSYS;
    int file = open("mapped", O_RDWR | O_CREAT, 0644);
    if (ftruncate(file, 4096) != 0) return 2;
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) return 3;
    memory[0] = 'x';
    return none ? 0 : 1;
}
