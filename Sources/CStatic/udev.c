// The five calls of libudev that libdevmapper's udev synchronisation makes.
//
// Debian has no static libudev, and davit must work both where udevd runs and where it does not.
// libdevmapper asks one question with these calls: is udevd there? If so it waits for the cookie
// that udevd's rules complete, and /dev/mapper/NAME and the links by-id are there on return.
// If not it makes the node itself. These definitions are in the tests as well, so that both behave alike.

#include <stddef.h>
#include <unistd.h>

struct udev;
struct udev_queue;

struct udev *udev_new(void);
struct udev *udev_unref(struct udev *udev);
struct udev_queue *udev_queue_new(struct udev *udev);
struct udev_queue *udev_queue_unref(struct udev_queue *queue);
int udev_queue_get_udev_is_active(struct udev_queue *queue);

// The callers only pass these on and compare them with NULL.
static char udev_handle, queue_handle;

struct udev *udev_new(void) { return (struct udev *)&udev_handle; }

struct udev *udev_unref(struct udev *udev) {
    (void)udev;
    return NULL;
}

struct udev_queue *udev_queue_new(struct udev *udev) {
    (void)udev;
    return (struct udev_queue *)&queue_handle;
}

struct udev_queue *udev_queue_unref(struct udev_queue *queue) {
    (void)queue;
    return NULL;
}

// Source: systemd src/libudev/libudev-queue.c, which looks at the same file.
int udev_queue_get_udev_is_active(struct udev_queue *queue) {
    (void)queue;
    return access("/run/udev/control", F_OK) == 0;
}
