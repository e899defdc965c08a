// SPDX-License-Identifier: GPL-2.0-or-later
/* pty - a container's terminal. Floor F4. */
#include "runner/terminal/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum { PTMX_MAJOR = 5, PTMX_MINOR = 2 };

int pty_open(const struct spec_size *size, int *ret_master, int *ret_slave, struct err *err)
{
	static const char path[] = "/dev/pts/ptmx";
	struct winsize winsize = {.ws_row = (unsigned short)size->rows,
				  .ws_col = (unsigned short)size->columns};
	int master = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	int unlocked = 0, slave, rc;
	struct statfs fs;
	struct stat st;

	if (master < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "open");
	if (fstatfs(master, &fs) < 0 || fstat(master, &st) < 0 ||
	    fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR)) {
		fd_close(master);
		return err_set(err, ERR_PERMISSION, ENOTTY, path, "is no devpts");
	}
	slave = ioctl(master, TIOCSPTLCK, &unlocked) < 0 ? -errno : pty_peer(master);
	if (slave < 0 || (size->rows > 0 && ioctl(master, TIOCSWINSZ, &winsize) < 0)) {
		rc = err_sys(err, ERR_KERNEL, slave < 0 ? -slave : errno, path,
			     "open of the other end");
		fd_close(slave < 0 ? -1 : slave);
		fd_close(master);
		return rc;
	}
	*ret_master = master;
	*ret_slave = slave;
	return 0;
}

int pty_console(int slave, struct err *err)
{
	static const char path[] = "/dev/console";
	cleanup(fd_closep) int place =
		open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	cleanup(fd_closep) int copy = -1;

	if (place < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "open");
	copy = open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (copy < 0 || move_mount(copy, "", place, "",
				   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "mount");
	return 0;
}

int pty_streams(int slave, struct err *err)
{
	for (int i = 0; i < 3; i++)
		if (dup2(slave, i) < 0)
			return err_sys(err, ERR_KERNEL, errno, NULL,
				       "set up standard stream %d", i);
	return 0;
}

int pty_peer(int master)
{
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}
