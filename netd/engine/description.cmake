# SPDX-License-Identifier: GPL-2.0-or-later
# The interface file as a C string, one literal a line.
file(STRINGS ${IN} lines)
set(text "/* made from netd/io.moat.varlink */\nextern const char moat_interface_description[];\nconst char moat_interface_description[] =\n")
foreach(line IN LISTS lines)
	string(REPLACE "\\" "\\\\" line "${line}")
	string(REPLACE "\"" "\\\"" line "${line}")
	string(APPEND text "\t\"${line}\\n\"\n")
endforeach()
file(WRITE ${OUT} "${text}\t;\n")
