// SPDX-License-Identifier: GPL-2.0-or-later
/* labels - by files of /proc, and one extended attribute. Floor F4. */
#include "runner/oci/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "lib/base/buf.h"
#include "lib/base/fdio.h"
#include "lib/base/mem.h"

enum { FILESYSTEMS_MAX = 65536 };

static bool given(const char *label);
static bool selinux_active(void);

int oci_labels_check(const char *process_label, const char *mount_label, struct err *err)
{
	if ((!given(process_label) && !given(mount_label)) || selinux_active())
		return 0;
	return err_set(err, ERR_UNSUPPORTED, ENOTSUP, given(process_label) ? "process.selinuxLabel" : "linux.mountLabel",
		       "SELinux is not active in this kernel");
}

int oci_labels_set(int host_proc, const struct oci_process *process, struct err *err)
{
	cleanup(mem_freep) char *text = NULL;
	int rc = 0;

	if (given(process->selinux)) {
		rc = file_put_at(host_proc, "thread-self/attr/exec", process->selinux);
		/* A session keyring that is not the program's own it could not search. Both end with the exec. */
		if (rc == 0)
			rc = file_put_at(host_proc, "thread-self/attr/keycreate", process->selinux);
		if (rc == -EINVAL)
			return err_set(err, ERR_NOTFOUND, EINVAL, process->selinux,
				       "process.selinuxLabel: no context of the policy that is loaded");
		if (rc < 0)
			return err_sys(err, ERR_KERNEL, -rc, process->selinux, "process.selinuxLabel");
	}
	if (!given(process->apparmor))
		return 0;
	text = mem_printf("exec %s", process->apparmor);
	rc = file_put_at(host_proc, "thread-self/attr/apparmor/exec", text);
	return rc < 0 ? err_sys(err, rc == -ENOENT ? ERR_UNSUPPORTED : ERR_KERNEL, -rc, text,
				"write the label to thread-self/attr/apparmor/exec")
		      : 0;
}

int oci_labels_mark(int mount, const char *label, const char *path, struct err *err)
{
	/* The descriptor of a mount is a place alone, without a file */
	cleanup(fd_closep) int fd = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsetxattr(fd, "security.selinux", label, strlen(label) + 1, 0) < 0)
		return err_sys(err, ERR_KERNEL, errno, path, "linux.mountLabel %s", label);
	return 0;
}

/* ----------------------------------------------------------------- helpers */

static bool given(const char *label)
{
	return label && *label;
}

/* Its own file system is registered only where it is built in and not turned off. */
static bool selinux_active(void)
{
	cleanup(buf_fini) struct buf text = BUF_INIT;

	return file_read("/proc/filesystems", FILESYSTEMS_MAX, &text) == 0 && strstr(buf_cstr(&text), "\tselinuxfs\n");
}
