// SPDX-License-Identifier: GPL-2.0-or-later
/* terminal - a container's pseudo-terminal. Floor F4. */
#include "runner/oci/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "runner/root/mountfd.h"

static int ptmx_open(int host_proc);

int oci_console_connect(const char *path, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup(fd_closep) int folder = -1;
	cleanup(mem_freep) char *copy = mem_strdup(path);
	const char *name = path;
	int fd;

	/* Names of sockets are short; folders of engines are not: by a descriptor of the folder then. */
	if (strlen(path) >= sizeof(address.sun_path)) {
		char *slash = strrchr(copy, '/');

		if (slash) {
			*slash = '\0';
			folder = open(*copy ? copy : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
			name = slash + 1;
		}
		if (folder < 0)
			return err_sys(err, ERR_IO, slash ? errno : ENAMETOOLONG, path,
				       "console socket");
		if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s",
			     folder, name) >= (int)sizeof(address.sun_path))
			return err_sys(err, ERR_IO, ENAMETOOLONG, path, "console socket");
	} else {
		(void)str_copy(address.sun_path, sizeof(address.sun_path), path);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		err_sys(err, ERR_IO, errno, path, "connect to the console socket");
		fd_close(fd);
		return err ? -err->no : -EIO;
	}
	return fd;
}

int oci_terminal_open(int pts, int host_proc, const struct oci_process *process,
		      struct oci_terminal *ret_terminal, struct err *err)
{
	const struct winsize size = {.ws_row = process->rows, .ws_col = process->columns};
	struct oci_terminal terminal = {.slave = -1};
	int unlock = 0;

	terminal.master = pts >= 0 ? openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW)
				   : ptmx_open(host_proc);
	if (terminal.master < 0 || ioctl(terminal.master, TIOCSPTLCK, &unlock) < 0) {
		err_sys(err, ERR_KERNEL, errno, "ptmx", "open a pseudo-terminal");
		fd_close(terminal.master);
		return err ? -err->no : -EIO;
	}
	/* The peer by descriptor: its name inside may be anything (CVE-2025-52565). */
	terminal.slave = ioctl(terminal.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal.slave < 0 || fchown(terminal.slave, process->uid, (gid_t)-1) < 0 ||
	    ((size.ws_row || size.ws_col) && ioctl(terminal.master, TIOCSWINSZ, &size) < 0)) {
		err_sys(err, ERR_KERNEL, errno, "ptmx", "set up the pseudo-terminal");
		fd_close(terminal.slave);
		fd_close(terminal.master);
		return err ? -err->no : -EIO;
	}
	*ret_terminal = terminal;
	return 0;
}

int oci_terminal_bind(const struct oci_terminal *terminal, int dev, struct err *err)
{
	cleanup(fd_closep) int source = open_tree(
		terminal->slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	cleanup(fd_closep) int target = -1;
	struct stat st;

	if (source < 0)
		return err_sys(err, ERR_KERNEL, errno, "/dev/console", "copy of the terminal");
	target = openat(dev, "console", O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			0600);
	if (target < 0 && (errno == EEXIST || errno == EROFS)) {
		target = openat(dev, "console", O_PATH | O_CLOEXEC | O_NOFOLLOW);
		if (target >= 0 && (fstat(target, &st) < 0 ||
				    (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))))
			return err_set(err, ERR_PERMISSION, ELOOP, "/dev/console",
				       "is neither a file nor a device");
	}
	if (target < 0)
		return err_sys(err, ERR_KERNEL, errno, "/dev/console", "make the place");
	return mountfd_attach_at(target, source, "/dev/console", err);
}

int oci_terminal_enter(struct oci_terminal *terminal, int console, struct err *err)
{
	static const char name[] = "/dev/console";
	int rc = fd_send(console, name, sizeof(name), &terminal->master, 1);

	if (rc < 0)
		return err_sys(err, ERR_IO, -rc, "console socket", "send the terminal");
	if (ioctl(terminal->slave, TIOCSCTTY, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, NULL, "take the terminal");
	for (int i = 0; i < 3; i++)
		if (dup2(terminal->slave, i) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL, "dup of the terminal");
	fd_close(terminal->slave);
	fd_close(terminal->master);
	*terminal = (struct oci_terminal){-1, -1};
	return 0;
}

int oci_terminal_take(int console, struct err *err)
{
	int fds[FDIO_FDS_MAX];
	size_t count = 0;
	char name[64];
	ssize_t n = fd_recv(console, name, sizeof(name), fds, &count);

	for (size_t i = 1; i < count; i++)
		fd_close(fds[i]);
	if (n <= 0 || count == 0)
		return err_set(err, ERR_INTERNAL, EPIPE, NULL, "the terminal did not come");
	return fds[0];
}

/* ----------------------------------------------------------------- helpers */

/* First looked at, then opened: what a container put there instead might act on being opened. */
static int ptmx_open(int host_proc)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup(fd_closep) int place =
		(int)syscall(SYS_openat2, AT_FDCWD, "/dev/pts/ptmx", &how, sizeof(how));
	char again[32];
	struct statfs fs;
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0 || fstatfs(place, &fs) < 0)
		return -1;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) ||
	    fs.f_type != DEVPTS_SUPER_MAGIC) {
		errno = ENODEV;
		return -1;
	}
	snprintf(again, sizeof(again), "self/fd/%d", place);
	return openat(host_proc, again, O_RDWR | O_NOCTTY | O_CLOEXEC);
}
