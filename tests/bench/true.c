/* SPDX-License-Identifier: GPL-2.0-or-later */
/* true - linked statically: the cheapest program there is to fork, exec and wait for. */
int main(void)
{
	return 0;
}
