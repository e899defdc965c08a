#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# libcni - the plugin under containerd's own library: libcni.go, built with Debian's packages, nothing fetched.
# shellcheck disable=SC2119 # start_moatd without options
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need go
[[ -d /usr/share/gocode/src/github.com/containernetworking/cni/libcni ]] || skip "no golang-github-appc-cni-dev here"
[[ -x /usr/lib/cni/tuning ]] || skip "no containernetworking-plugins here"
sandbox_outside
sandbox_mark
start_moatd
export MOAT_STATE_DIR=$STATE
netns_add p1
mkdir -p /run/go/{cache,tmp} /run/cni
output=$(cd /run/go && GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=/run/go/cache GOTMPDIR=/run/go/tmp GOFLAGS='' CGO_ENABLED=0 \
	timeout 100 go build -o /run/go/libcni "$SANDBOX_TOP/tests/conformance/cni/libcni.go" 2>&1) || die "the driver does not build: $output"
timeout 60 /run/go/libcni /run/netns/p1 /run/cni "$MOAT_BIN_DIR/cni" /usr/lib/cni >/run/go/out 2>&1
status=$?
cat /run/go/out
test_count=$(grep -cE '^(not )?ok ' /run/go/out)
((test_count > 50)) || fail "the driver did not run to its end"
assert_eq "the driver is content" 0 $status
assert_eq "nothing is left" "" "$(moat endpoint list -q)"
assert_status 0 "what is and what should be agree" moat check
moat tenant delete default --force
ip netns del p1
leftovers
finish
