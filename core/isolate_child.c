/* The half of an isolated environment that runs in a process of its own: it opens the environment, shuts the doors behind itself,
 * and does what the mailbox says until the host is gone. */
#if defined(__linux__)
#define _GNU_SOURCE /* close_range */
#endif
#define _DARWIN_C_SOURCE
#include "isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#if defined(BERN_SECCOMP)
#include <seccomp.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

typedef struct child {
	const bern_isolate_setup *setup;
	const bern_env *env;
	bern_instance instance;
	bern_mailbox *box;
	unsigned char *pieces[BERN_ISOLATE_PIECES]; /* mapped, else NULL */
} child;

/* ---- shutting the doors ----------------------------------------------------------------------------- */

/* What belongs to the host must not be held open here: locks, files half written, the terminal. Results go to the host's stdout,
 * so what an environment prints comes out of stderr. */
static void close_all_but(int a, int b)
{
	int empty = open("/dev/null", O_RDONLY);
	if (empty >= 0)
		dup2(empty, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	int low = a < b ? a : b, high = a < b ? b : a;
	int most = (int)sysconf(_SC_OPEN_MAX);
	if (most < 0 || most > 4096)
		most = 4096;
#if defined(__linux__)
	close_range((unsigned)high + 1, ~0u, 0);
	most = high;
#endif
	for (int fd = STDERR_FILENO + 1; fd < most; fd++)
		if (fd != low && fd != high)
			close(fd);
}

/* Who waits for the terminal's signals is the host. Its death is ours. */
static void set_up_process(const bern_isolate_setup *setup)
{
	const struct rlimit no_core = {0, 0};
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &no_core);
	/* a sanitizer's own memory is beyond any limit */
	if (setup->memory && !SANITIZED) {
		const struct rlimit memory = {(rlim_t)setup->memory, (rlim_t)setup->memory};
		setrlimit(RLIMIT_DATA, &memory);
	}
#if defined(__linux__)
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)setup->parent)
		_exit(0);
#endif
	close_all_but(setup->file, setup->socket);
}

#if defined(BERN_SECCOMP)
/* Refuses what opens, makes or removes files, sockets and processes. What is open already, and memory, stay. Returns 1 if the
 * kernel took it. */
static int confine(void)
{
	static const int refused[] = {
#define REFUSE(name) SCMP_SYS(name),
		REFUSE(open) REFUSE(openat) REFUSE(openat2) REFUSE(creat) REFUSE(open_by_handle_at) REFUSE(
			unlink) REFUSE(unlinkat) REFUSE(rename) REFUSE(renameat) REFUSE(renameat2)
			REFUSE(mkdir) REFUSE(mkdirat) REFUSE(rmdir) REFUSE(mknod) REFUSE(mknodat) REFUSE(
				link) REFUSE(linkat) REFUSE(symlink) REFUSE(symlinkat) REFUSE(truncate)
				REFUSE(chmod) REFUSE(fchmodat) REFUSE(chown) REFUSE(lchown) REFUSE(
					fchownat) REFUSE(chdir) REFUSE(chroot) REFUSE(pivot_root)
					REFUSE(mount) REFUSE(umount2) REFUSE(setxattr) REFUSE(
						lsetxattr) REFUSE(removexattr) REFUSE(socket)
						REFUSE(socketpair) REFUSE(connect) REFUSE(bind) REFUSE(
							listen) REFUSE(accept) REFUSE(accept4) REFUSE(execve)
							REFUSE(execveat) REFUSE(fork) REFUSE(vfork) REFUSE(
								ptrace) REFUSE(process_vm_readv)
								REFUSE(process_vm_writev) REFUSE(
									kill) REFUSE(tkill) REFUSE(pidfd_open)
									REFUSE(pidfd_getfd) REFUSE(
										pidfd_send_signal)
										REFUSE(io_uring_setup) REFUSE(
											io_uring_enter)
											REFUSE(bpf) REFUSE(
												userfaultfd)
												REFUSE(setsid)
#undef REFUSE
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int bad = !filter;
	for (size_t i = 0; !bad && i < sizeof refused / sizeof refused[0]; i++) {
		/* a call that this kind of machine does not have is refused by not being there */
		if (refused[i] < 0)
			continue;
		bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0) != 0;
	}
	/* threads of a plugin may start, processes may not: those have no CLONE_VM. clone3 hides its flags, and those who use it
	 * fall back to clone where it is missing. */
	const uint64_t clone_vm = 0x100;
	if (!bad)
		bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, clone_vm, 0)) != 0;
	if (!bad)
		bad = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0;
	if (!bad)
		bad = seccomp_load(filter) != 0;
	if (filter)
		seccomp_release(filter);
	return !bad;
}
#else
static int confine(void)
{
	return 0;
}
#endif

/* ---- open() ----------------------------------------------------------------------------------------- */

/* Leaves in `shared` what open() told. */
static void tell_instance(child *c)
{
	bern_isolate_shared *shared = c->setup->shared;
	const size_t page = bern_page_size();
	size_t bytes = bern_isolate_pack(&c->instance, NULL, 0);
	uint64_t offset = (sizeof *shared + page - 1) / page * page;
	size_t whole = (bytes + page - 1) / page * page;
	void *at = bern_shared_map(c->setup->file, offset, whole, 1);
	if (!at) {
		c->box->result = BERN_EMEMORY;
		memcpy(c->box->text, "no shared memory", sizeof "no shared memory");
		return;
	}
	bern_isolate_pack(&c->instance, at, whole);
	munmap(at, whole);
	shared->instance_offset = offset;
	shared->instance_bytes = whole;
}

static void open_there(child *c)
{
	bern_mailbox *box = c->box;
	box->at_call = BERN_CALL_OPEN;
	c->instance.struct_size = sizeof c->instance;
	if (c->env->open(c->setup->values, &c->instance, box->text, sizeof box->text)) {
		box->result = BERN_EUSAGE;
		return;
	}
	box->result = BERN_OK;
	tell_instance(c);
	box->confined = confine();
}

/* ---- questions -------------------------------------------------------------------------------------- */

typedef struct lane {
	void *state;
	bern_isolate_slot *slot;
	void *action, *observation, *mask, *metrics, *first_observation;
} lane;

static lane lane_of(const child *c, uint32_t index, uint64_t number)
{
	const bern_isolate_piece *piece = &c->setup->shared->pieces[index];
	unsigned char *base = c->pieces[index];
	unsigned char *slot = base + piece->slots + number * piece->slot_stride;
	return (lane){.state = base + number * piece->state_stride,
		      .slot = (bern_isolate_slot *)(void *)slot,
		      .action = slot + piece->action,
		      .observation = slot + piece->observation,
		      .mask = slot + piece->mask,
		      .metrics = slot + piece->metrics,
		      .first_observation = slot + piece->first_observation};
}

/* What every lane is asked after a reset or a step that did not break. */
static void look_at(const child *c, const lane *l, int has_stepped)
{
	const bern_env *env = c->env;
	const void *model = c->instance.model;
	if (has_stepped && env->metric_count) {
		c->box->at_call = BERN_CALL_METRICS;
		env->read_metrics(model, l->state, l->metrics);
	}
	c->box->at_call = BERN_CALL_OBSERVE;
	env->observe(model, l->state, l->observation);
	if (env->mask && (!has_stepped || !l->slot->outcome.flags)) {
		c->box->at_call = BERN_CALL_MASK;
		env->mask(model, l->state, l->mask);
	}
}

/* Begins the next episode of a lane whose episode ended, which saves a question of its own. */
static void begin_next(const child *c, const lane *l)
{
	const bern_env *env = c->env;
	c->box->at_call = BERN_CALL_RESET;
	env->reset(c->instance.model, l->state, &l->slot->next);
	c->box->at_call = BERN_CALL_OBSERVE;
	env->observe(c->instance.model, l->state, l->first_observation);
	if (env->mask) {
		c->box->at_call = BERN_CALL_MASK;
		env->mask(c->instance.model, l->state, l->mask);
	}
	l->slot->has_next = 0;
	l->slot->was_reset = 1;
}

static void step_lanes(const child *c)
{
	const bern_mailbox *box = c->box;
	for (uint64_t b = box->first; b < box->first + box->count; b++) {
		lane l = lane_of(c, box->region, b);
		if (!l.slot->go)
			continue;
		l.slot->go = 0;
		memset(&l.slot->outcome, 0, sizeof l.slot->outcome);
		c->box->at_lane = b;
		c->box->at_call = BERN_CALL_STEP;
		c->env->step(c->instance.model, l.state, &l.slot->stream, l.action,
			     &l.slot->outcome);
		l.slot->was_reset = 0;
		if (l.slot->outcome.flags & BERN_FAULT)
			continue;
		look_at(c, &l, 1);
		if (l.slot->has_next && (l.slot->outcome.flags || l.slot->is_cut))
			begin_next(c, &l);
	}
}

static void map_piece(child *c)
{
	const bern_isolate_piece *piece = &c->setup->shared->pieces[c->box->region];
	c->pieces[c->box->region] = bern_shared_map(c->setup->file, piece->offset,
						    (size_t)piece->bytes, 0);
	c->box->result = c->pieces[c->box->region] ? BERN_OK : BERN_EMEMORY;
}

static void unmap_piece(child *c)
{
	munmap(c->pieces[c->box->region], (size_t)c->setup->shared->pieces[c->box->region].bytes);
	c->pieces[c->box->region] = NULL;
}

/* The functions that a handle in the state asks for. What save() writes and load() reads lies in a piece of its own, the next
 * region. */
static void call_handle(child *c, const lane *l)
{
	bern_mailbox *box = c->box;
	const bern_env *env = c->env;
	const void *model = c->instance.model;
	void *buffer = box->bytes ? c->pieces[BERN_ISOLATE_PIECES - 1] : NULL;
	box->text[0] = '\0';
	box->result = BERN_OK;
	switch (box->call) {
	case BERN_CALL_ATTACH:
		if (env->attach(model, l->state, box->text, sizeof box->text))
			box->result = BERN_EENV;
		break;
	case BERN_CALL_DETACH:
		env->detach(model, l->state);
		break;
	case BERN_CALL_SAVE:
		box->bytes = env->save(model, l->state, buffer, box->bytes);
		break;
	default:
		if (env->load(model, l->state, buffer, box->bytes, box->text, sizeof box->text))
			box->result = BERN_EENV;
	}
}

static void answer(child *c)
{
	bern_mailbox *box = c->box;
	const void *model = c->instance.model;
	if (box->call == BERN_CALL_MAP) {
		map_piece(c);
		return;
	}
	if (box->call == BERN_CALL_UNMAP) {
		unmap_piece(c);
		return;
	}
	if (box->call == BERN_CALL_STEP) {
		step_lanes(c);
		return;
	}
	box->at_call = box->call;
	box->at_lane = box->first;
	if (box->call == BERN_CALL_CLOSE) {
		if (c->env->close)
			c->env->close(c->instance.model);
		return;
	}
	lane l = lane_of(c, box->region, box->first);
	switch (box->call) {
	case BERN_CALL_RESET:
		c->env->reset(model, l.state, &l.slot->stream);
		look_at(c, &l, 0);
		break;
	case BERN_CALL_OBSERVE:
		c->env->observe(model, l.state, l.observation);
		break;
	case BERN_CALL_MASK:
		c->env->mask(model, l.state, l.mask);
		break;
	case BERN_CALL_METRICS:
		c->env->read_metrics(model, l.state, l.metrics);
		break;
	default:
		call_handle(c, &l);
	}
}

_Noreturn void bern_isolate_live(const bern_isolate_setup *setup)
{
	child c = {.setup = setup, .env = setup->env, .box = &setup->shared->box};
	bern_line line = {.box = c.box, .socket = setup->socket, .spins = bern_spins()};
	uint32_t seen = 0;
	set_up_process(setup);
	open_there(&c);
	for (;;) {
		int32_t last = c.box->call;
		bern_line_raise(&line);
		if (seen && last == BERN_CALL_CLOSE)
			_exit(0);
		if (bern_line_wait(&line, &c.box->asked, seen, -1, NULL, NULL) == BERN_GONE)
			_exit(0);
		seen++;
		answer(&c);
	}
}
