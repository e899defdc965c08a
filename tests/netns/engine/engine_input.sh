#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# engine_input - every parameter of every method with what it must not be; see engine_input.py.
# shellcheck source-path=SCRIPTDIR source=../../lib/sandbox.sh
. "$(dirname "$0")/../../lib/sandbox.sh"
sandbox_enter "$@"
need python3
start_moatd
python3 "$(dirname "$0")/engine_input.py"
status=$?
stop_moatd
exit $status
