/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runner_state - fuzz target of a container's folder: an input that is an object is read as its state.json and its
 * spec.json, any other written to its log as a program would have said it, and read as lines of somebody's log. What passes must be the
 * same when it is written and read again; each line of a log must be a record, and all of them together, of each stream, what was said.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fdio.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "runner/state/logfile.h"
#include "runner/state/state.h"
#include "tests/fuzz/fuzz.h"

enum { LOG_SIZE_MAX = 1 << 20 };

/* A folder of this process; what is in it is gone with the last name, at exit. */
static char folder[] = "/tmp/fuzz_state.XXXXXX";

static void folder_remove(void)
{
	static const char *const names[] = {"state.json", "spec.json", "log", "log.1"};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void put(int dir, const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void state_check(const struct state_dir *dir)
{
	struct state state, again;
	struct err err = ERR_INIT;

	if (state_load(dir, &state, &err) < 0) {
		fuzz_check(*err.msg);
		return;
	}
	fuzz_check(state.status <= STATE_EXITED && state.pid >= 0 && state.id_base >= 0);
	fuzz_check(state_save(dir, &state, &err) == 0);
	fuzz_check(state_load(dir, &again, &err) == 0);
	fuzz_check(again.pid == state.pid && again.status == state.status && again.exit_code == state.exit_code &&
		   again.id_base == state.id_base && again.cgroup == state.cgroup);
}

static void spec_check_again(const struct state_dir *dir)
{
	cleanup(arena_freep) struct arena *arena = arena_new();
	cleanup(json_freep) json_t *doc = NULL, *second = NULL, *one = NULL, *two = NULL;
	struct err err = ERR_INIT;
	struct spec spec, again;

	if (state_spec_load(dir, arena, &doc, &spec, &err) < 0) {
		fuzz_check(*err.msg);
		return;
	}
	fuzz_check(spec.args && spec.args[0]);
	fuzz_check(state_spec_save(dir, &spec, &err) == 0);
	fuzz_check(state_spec_load(dir, arena, &second, &again, &err) == 0);
	one = spec_encode(&spec);
	two = spec_encode(&again);
	fuzz_check(json_equal(one, two));
}

/* A damaged log: a line is a record, or none, and nothing else happens. */
static void lines_read(const char *data, size_t size)
{
	for (size_t at = 0, len; at < size; at += len) {
		const char *end = memchr(data + at, '\n', size - at), *text;
		json_t *record;
		size_t said;
		int stream;

		len = end ? (size_t)(end - data) + 1 - at : size - at;
		record = logfile_record(data + at, len, &stream, &text, &said);
		fuzz_check(!record || ((stream == 1 || stream == 2) && text && text[said] == '\0'));
		json_decref(record);
	}
}

/* What is no UTF-8 is not what was said. */
static bool is_ascii(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] >= 0x80)
			return false;
	return true;
}

static void log_check(int dir, const uint8_t *data, size_t size)
{
	cleanup(mem_freep) char *line = NULL;
	struct buf read[2] = {BUF_INIT, BUF_INIT};
	struct logfile log;
	size_t room = 0, half = size / 2;
	ssize_t len;
	FILE *file;
	int fd;

	lines_read((const char *)data, size);

	logfile_init(&log, dir);
	log.size_max = LOG_SIZE_MAX;
	fuzz_check(logfile_add(&log, 1, (const char *)data, half) == 0);
	fuzz_check(logfile_add(&log, 2, (const char *)data + half, size - half) == 0);
	logfile_fini(&log);
	fd = openat(dir, "log", O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	fuzz_check(file || size == 0);
	while (file && (len = getline(&line, &room, file)) > 0) {
		const char *text;
		size_t said;
		int stream;
		json_t *record = logfile_record(line, (size_t)len, &stream, &text, &said);

		fuzz_check(line[len - 1] == '\n' && record && said > 0);
		fuzz_check(json_is_string(json_object_get(record, "time")));
		buf_add(&read[stream - 1], text, said);
		json_decref(record);
	}
	fuzz_check(!is_ascii(data, half) || (read[0].size == half && (half == 0 || memcmp(read[0].data, data, half) == 0)));
	fuzz_check(!is_ascii(data + half, size - half) ||
		   (read[1].size == size - half && (size == half || memcmp(read[1].data, data + half, size - half) == 0)));
	buf_fini(&read[0]);
	buf_fini(&read[1]);
	if (file)
		fclose(file);
	unlinkat(dir, "log", 0);
	unlinkat(dir, "log.1", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct state_dir dir = STATE_DIR_INIT;

	if (dir.fd < 0) {
		fuzz_check(mkdtemp(folder) && atexit(folder_remove) == 0);
		dir.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		dir.path = folder;
	}
	/* What a program says may look like anything; nothing but an object is worth being read as one. */
	if (size == 0 || data[0] != '{') {
		log_check(dir.fd, data, size);
		return 0;
	}
	put(dir.fd, "state.json", data, size);
	state_check(&dir);
	put(dir.fd, "spec.json", data, size);
	spec_check_again(&dir);
	return 0;
}
