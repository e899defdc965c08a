/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule that fills a set with "ct count" of its own holds conntrack's hooks as long as it stands, and no longer. One that
 * copies the set's does not take hold, and lets go when it ends (nft_connlimit_clone(), but nft_connlimit_do_destroy()):
 * what others hold. Then nothing is tracked and translated any more though their rules stand, so the host's ruleset must
 * not have such.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/platform/platform.h"

static int nft(const char *text)
{
	char command[1024];

	snprintf(command, sizeof(command), "nft -f - <<'END'\n%s\nEND\n", text);
	return system(command);
}

static unsigned long count(void)
{
	FILE *file = fopen("/proc/sys/net/netfilter/nf_conntrack_count", "re");
	unsigned long value = 0;

	if (!file || fscanf(file, "%lu", &value) != 1)
		lacks("no nf_conntrack_count");
	fclose(file);
	return value;
}

/* Is a packet from a port that sent none before tracked? */
static bool tracked(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	unsigned long before = count();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	HOLDS(fd >= 0 && sendto(fd, "?", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1);
	close(fd);
	return count() > before;
}

#define SET(STATE)  "set seen { type ifname; size 16; flags dynamic; " STATE "\n}\n"
#define RULE(STATE) "chain f { type filter hook forward priority 0; update @seen { iifname " STATE "} drop\n}\n"

int main(void)
{
	private_world();
	if (system("nft --version >/dev/null 2>&1") != 0 || system("ip link set lo up") != 0)
		lacks("no nft or ip");
	HOLDS(!tracked());
	/* somebody else's, who needs it for as long as he stands */
	HOLDS(nft("table inet other {\nchain f { type filter hook forward priority 5; ct state established accept\n}\n}") == 0);
	HOLDS(tracked());
	HOLDS(nft("table inet ours {\n" SET("") RULE("ct count over 5 ") "}") == 0);
	HOLDS(tracked());
	HOLDS(nft("delete table inet ours") == 0);
	sleep(1); /* the kernel lets go of what it deleted behind our back */
	HOLDS(tracked());

	HOLDS(nft("table inet ours {\n" SET("ct count over 5") RULE("") "}") == 0);
	HOLDS(nft("delete table inet ours") == 0);
	sleep(1);
	if (tracked())
		printf("this kernel has mended it: a copy of a set's state takes hold of the hooks\n");
	return 0;
}
