/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tap - see tap.h. Floor F2. */
#include "lib/kern/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
/* after net/if.h, whose definitions it would repeat */
#include <linux/if_tun.h>

#include "lib/base/fdio.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

int tap_make(const char *name, struct err *err)
{
	struct ifreq request = {0};
	cleanup(fd_closep) int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "/dev/net/tun");
	if (str_copy(request.ifr_name, sizeof(request.ifr_name), name) < 0)
		return err_set(err, ERR_KERNEL, EINVAL, name, "the name is too long");
	/* EXCL: never takes over one that is there. The flags for packets are those of who opens it later. */
	request.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return errno == EBUSY
			       ? err_set(err, ERR_KERNEL, EEXIST, name, "a link of this name exists")
			       : err_sys(err, ERR_KERNEL, errno, name, "tap device");
	/* until here it would go with the descriptor */
	if (ioctl(fd, TUNSETPERSIST, 1UL) < 0)
		return err_sys(err, ERR_KERNEL, errno, name, "tap device");
	return 0;
}
