#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tap - a virtual machine on a network: Debian's kernel in QEMU (TCG), its card on a tap that `moat attach
# --tap` made. It boots, pings its gateway and a container of the same network, and is pinged from there; with
# another's address it gets no answer.
# shellcheck source=../lib/sandbox.sh
. "$(dirname "$0")/../lib/sandbox.sh"
. "$(dirname "$0")/../lib/container.sh"
sandbox_enter "$@"
need qemu-system-x86_64 busybox cpio modprobe jq
kernel=$(find /boot -name 'vmlinuz-6.1.*' 2>/dev/null | sort -V | tail -n 1)
[[ -n $kernel ]] || skip "no Debian 12 kernel in /boot (package linux-image-amd64)"
release=${kernel#/boot/vmlinuz-}
sandbox_mark
start_moatd
moat tenant create red >/dev/null
moat network create red/web --subnet 10.0.0.0/24 >/dev/null
assert_ok "a tap" moat attach red/web --tap t0 --name vm --ip 10.0.0.10
assert_ok "a container beside it" moat run -d --name c --network red/web,ip=10.0.0.20 -- sleep 1000
mac=$(moat endpoint show red/vm --json | jq -r .endpoint.mac)

# ------------------------------------------------------------ the machine
# Its modules by insmod in the order in which they need each other, then the orders: what it finds goes to the console.
root=/run/sandbox/root
mkdir -p $root/{bin,modules,proc,dev}
cp "$(command -v busybox)" $root/bin/busybox
for module in virtio_pci virtio_net; do
	modprobe -S "$release" --show-depends $module | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' | while read -r file; do
	case $file in
	*.xz) xz -dc "$file" >"$root/modules/$(basename "${file%.xz}")" ;;
	*) cp "$file" $root/modules/ ;;
	esac
	basename "$file" .xz
done >$root/modules/order
cat >$root/init <<'GUEST'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
exec >/dev/ttyS1 2>&1
while read -r module; do $b insmod /modules/$module || echo "no module $module"; done </modules/order
$b ip link set lo up
$b ip link set eth0 up
echo "guest mac $($b cat /sys/class/net/eth0/address 2>/dev/null || $b ip link show eth0 | $b awk '/ether/ { print $2 }')"
$b ip addr add 10.0.0.10/24 dev eth0
$b ip route add default via 10.0.0.1
reaches() { $b ping -c 3 -W 5 "$2" >/dev/null && echo "guest reaches $1" || echo "guest does not reach $1"; }
reaches gateway 10.0.0.1
reaches container 10.0.0.20
echo "guest waits"
# Until it was pinged itself, which its neighbour says by going.
while $b ping -c 1 -W 2 10.0.0.20 >/dev/null; do $b sleep 1; done
echo "guest was told"
$b ip addr add 10.0.0.66/24 dev eth0
$b ping -c 2 -W 2 -I 10.0.0.66 10.0.0.1 >/dev/null && echo "guest lies and is heard" || echo "guest lies in vain"
reaches gateway-again 10.0.0.1
echo "guest done"
$b poweroff -f
GUEST
chmod 755 $root/init
(cd $root && find . -print0 | cpio --null -o -H newc --quiet) >/run/sandbox/initramfs
: >/run/sandbox/guest
"$MOAT_BIN_DIR/moat" enter red/vm -- qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none -monitor none \
	-machine q35 -accel tcg -cpu Nehalem,+rdrand -m 256 -kernel "$kernel" -initrd /run/sandbox/initramfs \
	-append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off no_timer_check" \
	-serial file:/run/sandbox/console -serial file:/run/sandbox/guest \
	-netdev tap,id=n0,ifname=t0,script=no,downscript=no -device "virtio-net-pci,netdev=n0,mac=$mac,romfile=" </dev/null 2>/run/sandbox/qemu &
qemu=$!
sandbox_keep $qemu
said() { tr -d '\r' </run/sandbox/guest | grep -qx -- "$1"; }
hears() { # TEXT SECONDS
	if eventually "$2" said "$1"; then pass "$1"; else fail "$1" \
		"$(cat /run/sandbox/guest /run/sandbox/qemu; tail -n 20 /run/sandbox/console)"; fi
}
hears "guest mac $mac" 120
hears "guest reaches gateway" 30
hears "guest reaches container" 30
assert_ok "a container reaches the guest" moat exec red/c -- ping -c 3 -W 5 10.0.0.10
assert_ok "by its name, too" moat exec red/c -- ping -c 1 -W 5 vm.web
assert_ok "the container goes" moat rm -f red/c
hears "guest was told" 30
hears "guest lies in vain" 30
assert_match "which was counted" '^[1-9]' "$(moat endpoint show red/vm --json | jq -r '.endpoint.dropped | .ip_spoofed + .arp_spoofed')"
hears "guest reaches gateway-again" 30
hears "guest done" 30
wait $qemu
assert_ok "check is clean" moat check
assert_ok "all goes" moat tenant delete red --force
stop_moatd
leftovers
finish
