/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit test of runner/state and runner/idrange: folders, locks, who has which range. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/process/idrange.h"
#include "runner/state/state.h"

enum { WORKERS = 8, RANGES_EACH = 40 };

static char runtime[64];
static const struct name w1 = {.tenant = "red", .name = "w1"};

static int setup(void **state)
{
	(void)state;
	strcpy(runtime, "/tmp/runner_state.XXXXXX");
	return mkdtemp(runtime) ? 0 : -1;
}

static int teardown(void **state)
{
	cleanup(mem_freep) char *command = mem_printf("rm -r %s", runtime);

	(void)state;
	return system(command);
}

static void folder_lives_and_goes(void **state)
{
	struct state_dir dir = STATE_DIR_INIT, other = STATE_DIR_INIT;
	struct state saved = {.status = STATE_EXITED,
			      .pid = 7,
			      .id_base = 0x10020000,
			      .stack = true,
			      .exit_code = 143,
			      .finished_ms = 1234567890123},
		     loaded;
	cleanup(mem_freep) char *path = mem_printf("%s/containers/red", runtime);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(state_dir_open(runtime, &w1, &other, &err), -ENOENT);
	assert_int_equal(err.kind, ERR_NOTFOUND);
	assert_int_equal(state_dir_create(runtime, &w1, &dir, &err), 0);
	assert_int_equal(state_dir_create(runtime, &w1, &other, &err), -EEXIST);
	assert_int_equal(err.kind, ERR_TAKEN);
	assert_int_equal(state_save(&dir, &saved, &err), 0);
	assert_int_equal(state_dir_open(runtime, &w1, &other, &err), 0);
	assert_int_equal(state_load(&other, &loaded, &err), 0);
	assert_memory_equal(&saved, &loaded, sizeof(saved));

	/* held by the first, then free */
	assert_int_equal(state_dir_lock(&other, 0, &err), -EWOULDBLOCK);
	assert_int_equal(err.kind, ERR_CONFLICT);
	fd_close(dir.lock);
	dir.lock = -1;
	assert_int_equal(state_dir_lock(&other, 0, &err), 0);
	assert_int_equal(state_dir_remove(&other, &err), 0);
	assert_int_equal(access(path, F_OK), -1); /* the tenant's folder went with its last */
	/* whoever still has it open finds it gone */
	assert_int_equal(state_dir_lock(&dir, 0, &err), -ENOENT);
	state_dir_fini(&dir);
	state_dir_fini(&other);
}

static void broken_state_is_told(void **state)
{
	static const char *const texts[] = {"",
					    "{",
					    "{}",
					    "{\"status\":\"flying\"}",
					    "{\"status\":\"exited\",\"exitCode\":256}",
					    "{\"status\":\"exited\",\"more\":1}"};
	struct state_dir dir = STATE_DIR_INIT;
	struct state loaded;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(state_dir_create(runtime, &w1, &dir, &err), 0);
	cleanup(mem_freep) char *path = mem_printf("%s/state.json", dir.path);

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
		assert_int_equal(
			file_write_atomic(path, texts[i], strlen(texts[i]), 0600, false, &err),
			0);
		assert_int_not_equal(state_load(&dir, &loaded, &err), 0);
	}
	assert_int_equal(state_dir_remove(&dir, &err), 0);
	state_dir_fini(&dir);
}

static int count_names(void *ctx, const struct name *name)
{
	char *text = ctx;

	strcat(strcat(strcat(strcat(text, name->tenant), "/"), name->name), " ");
	return 0;
}

static void each_is_sorted(void **state)
{
	static const struct name names[] = {{.tenant = "red", .name = "b"},
					    {.tenant = "blue", .name = "z"},
					    {.tenant = "red", .name = "A"}};
	struct state_dir dirs[3] = {STATE_DIR_INIT, STATE_DIR_INIT, STATE_DIR_INIT};
	struct err err = ERR_INIT;
	char text[128] = "";
	uint32_t base;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(state_dir_create(runtime, &names[i], &dirs[i], &err), 0);
	assert_int_equal(idrange_alloc(dirs[0].containers, "000000000001", &base, &err), 0);
	assert_int_equal(state_each(runtime, count_names, text, &err), 0);
	assert_string_equal(text, "blue/z red/A red/b ");
	assert_int_equal(idrange_release(dirs[0].containers, "000000000001", base, &err), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(state_dir_remove(&dirs[i], &err), 0);
		state_dir_fini(&dirs[i]);
	}
}

static void this_process_is_known(void **state)
{
	struct state own = {.status = STATE_RUNNING, .pid = getpid()};
	int fd;

	(void)state;
	assert_int_equal(state_pid_start(getpid(), &own.pid_start), 0);
	fd = state_pidfd(&own);
	assert_true(fd >= 0);
	fd_close(fd);
	own.pid_start++; /* the number is another's by now */
	assert_int_equal(state_pidfd(&own), -ESRCH);
	own.pid_start--;
	own.status = STATE_EXITED;
	assert_int_equal(state_pidfd(&own), -ESRCH);
}

static void ranges_are_shared_only_by_word(void **state)
{
	int root = state_root_open(runtime, NULL);
	uint32_t a, b, c;

	(void)state;
	/* two ids that begin to look at the same place */
	assert_int_equal(idrange_alloc(root, "000000000000", &a, NULL), 0);
	assert_int_equal(idrange_alloc(root, "000000005000", &b, NULL), 0);
	assert_int_equal(a, IDRANGE_FIRST);
	assert_int_equal(b, IDRANGE_FIRST + IDRANGE_SIZE);
	assert_int_equal(idrange_share(root, "00000000000c", a, NULL), 0);
	assert_int_equal(idrange_release(root, "000000000000", a, NULL), 0);
	assert_int_equal(idrange_alloc(root, "00000000f000", &c, NULL), 0);
	assert_int_not_equal(c, a); /* still in use by the one who shares it */
	assert_int_equal(idrange_release(root, "00000000000c", a, NULL), 0);
	assert_int_equal(idrange_release(root, "00000000000c", a, NULL),
			 0); /* gone is success */
	assert_int_equal(idrange_share(root, "00000000000d", a, NULL), -ENOENT);
	idrange_forget(root, "000000005000");
	assert_int_equal(idrange_alloc(root, "000000005001", &a, NULL), 0);
	assert_int_equal(a, b);
	idrange_forget(root, "000000005001");
	idrange_forget(root, "00000000f000");
	fd_close(root);
}

/* Many programs at once, all beginning at one place: no range twice. */
static void ranges_are_unique(void **state)
{
	int results[2], root = state_root_open(runtime, NULL);
	uint32_t base, seen[WORKERS * RANGES_EACH];
	size_t count = 0;

	(void)state;
	assert_int_equal(pipe(results), 0);
	for (int worker = 0; worker < WORKERS; worker++)
		if (fork() == 0) {
			for (int i = 0; i < RANGES_EACH; i++) {
				char id[13];

				snprintf(
					id, sizeof(id), "%012x",
					(unsigned int)(worker * 0x5000 * 256 + i % 2 * 0x5000));
				id[1] = (char)('a' + i % 6);
				if (idrange_alloc(root, id, &base, NULL) == 0 &&
				    write(results[1], &base, sizeof(base)) != sizeof(base))
					_exit(1);
			}
			_exit(0);
		}
	close(results[1]);
	while (count < ARRAY_COUNT(seen) &&
	       read(results[0], &base, sizeof(base)) == sizeof(base)) {
		for (size_t i = 0; i < count; i++)
			assert_int_not_equal(seen[i], base);
		assert_int_equal((base - IDRANGE_FIRST) % IDRANGE_SIZE, 0);
		seen[count++] = base;
	}
	assert_int_equal(count, ARRAY_COUNT(seen));
	while (wait(NULL) > 0)
		;
	close(results[0]);
	fd_close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folder_lives_and_goes),
		cmocka_unit_test(broken_state_is_told),
		cmocka_unit_test(each_is_sorted),
		cmocka_unit_test(this_process_is_known),
		cmocka_unit_test(ranges_are_shared_only_by_word),
		cmocka_unit_test(ranges_are_unique),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
