/* Four threads append to files of their own, sync them, and rename them. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *work(void *number) {
    char name[32], new_name[32];
    snprintf(name, sizeof name, "part%ld", (long)number);
    snprintf(new_name, sizeof new_name, "done%ld", (long)number);
    int file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
    for (int i = 0; i < 5; i++) {
        if (write(file, "0123456789", 10) != 10) return number;
        fdatasync(file);
    }
    close(file);
    rename(name, new_name);
    return NULL;
}

int main(void) {
    pthread_t threads[4];
    int failed = 0;
    for (long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        failed |= result != NULL;
    }
    puts("done");
    return failed;
}
