/* bern/env.h: how an environment is given to Bern. ABI version 1.
 *
 * An environment is one C file that fills in a bern_env table and ends with BERN_PLUGIN. It needs this
 * header alone (and, if it likes, bern/rng.h, bern/math.h and bern/batch.h), no symbol of the host and no library:
 *
 *     cc -shared -fPIC my_env.c -o my_env.so
 *
 * The rules, for every function below:
 *   - What is fixed and what runs are two arguments. `model` is made once by open() and only read
 *     afterwards, possibly by many threads at once. `state` is a block of state_size bytes that the host
 *     owns, aligned to 16 bytes: it holds no pointers, so the host clones, saves and restores it by
 *     copying bytes. Functions may be called from several threads at once for different states (train
 *     --threads); what cannot bear that runs with one thread or in a process of its own (--isolate).
 *   - The host owns the randomness. Draw only from the `rng` that is handed in.
 *   - The host resets and cuts. An environment never resets itself and never counts steps for a time
 *     limit (max_steps does that).
 *   - Nothing prints, exits, keeps global or static variables, or reads a clock.
 *   - A function pointer marked "optional" may be NULL; all others are required.
 *
 * The table begins with `abi` and `struct_size` and only ever grows at its end: a table from an older
 * header has a smaller struct_size and the host takes what is missing as zero. The structs called frozen
 * never change.
 */
#ifndef BERN_ENV_H
#define BERN_ENV_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BERN_ENV_ABI 1u

struct bern_rng; /* bern/rng.h */

/* ---- spaces --------------------------------------------------------------------------------------- */

/* What an observation or an action is, and so what memory holds it. */
enum bern_space_kind {
	BERN_DISCRETE = 1,   /* 1 int32 in 0 .. sizes[0]-1 */
	BERN_MULTI_BINARY,   /* count uint8, each 0 or 1 */
	BERN_MULTI_DISCRETE, /* count int32, element i in 0 .. sizes[i]-1 */
	BERN_BOX             /* count float (or uint8, see dtype), each in low[i] .. high[i] */
};

enum bern_dtype {
	BERN_FLOAT32 = 0, /* the default of BOX */
	BERN_UINT8 = 1    /* BOX only: pixels, or planes of zeros and ones */
};

#define BERN_MAX_DIMS 4

/* Frozen. Arrays are borrowed and must live as long as the model. */
typedef struct bern_space {
	int32_t kind;   /* enum bern_space_kind */
	int32_t dtype;  /* enum bern_dtype; BOX only */
	uint32_t count; /* elements in all; DISCRETE: 1 */
	uint32_t ndim;  /* dimensions of shape; 0: a plain vector of count elements */
	uint32_t shape[BERN_MAX_DIMS]; /* rows first; the product is count */
	const int32_t *sizes;          /* (count) DISCRETE and MULTI_DISCRETE: number of values */
	const float *low, *high;       /* (count) BOX bounds; NULL: unbounded */
	const char *const
		*labels; /* optional. DISCRETE: (sizes[0]) names of the values; else (count) names
	                                   of the elements */
	const char *const
		*keys; /* optional, DISCRETE actions: (sizes[0]) names of the keys that choose each
	                                   value in `bern play` ("left", "right", "up", "down", "a", ...); a NULL
	                                   entry has no key */
} bern_space;

/* ---- parameters ----------------------------------------------------------------------------------- */

enum bern_param_type {
	BERN_INT = 1, /* int64 */
	BERN_REAL,    /* double */
	BERN_BOOL,    /* true or false, in .i */
	BERN_TEXT,    /* any text, in .s */
	BERN_CHOICE   /* one of choices, its index in .i */
};

/* Frozen. One parameter a user may set. The host parses and checks it and writes help and errors from it. */
typedef struct bern_param {
	const char *key;      /* lower_case_with_underscores */
	const char *help;     /* one line, with the unit: "acceleration down, m/s^2" */
	int32_t type;         /* enum bern_param_type */
	int32_t reserved;     /* 0 */
	const char *fallback; /* the default, as a user would write it */
	double min, max;      /* INT and REAL: allowed range, ends included; TEXT: allowed length */
	const char *const *choices; /* CHOICE: names, NULL-terminated */
} bern_param;

/* Frozen. The checked value of a parameter, in the order of the table's params. */
typedef union bern_value {
	int64_t i;     /* INT, BOOL, CHOICE */
	double r;      /* REAL */
	const char *s; /* TEXT; valid during open() only */
} bern_value;

/* ---- one opened environment ----------------------------------------------------------------------- */

/* What open() tells of the environment with these parameters. Zeroed by the host, which also sets
 * struct_size. Grows only at its end. */
typedef struct bern_instance {
	uint32_t struct_size; /* set by the host: write no field beyond it */
	uint32_t reserved;
	void *model; /* owned by the environment, given to every function, closed by close(); may be NULL */
	uint64_t state_size; /* bytes of a state; 1 .. 2^30 */
	uint64_t max_steps;  /* the host truncates an episode after so many steps; 0: never */
	bern_space observation;
	bern_space action;
	/* no episode of max_steps can return more; 0 with has_max_return = 0: not known, as when a user sets another limit */
	double max_return;
	int32_t has_max_return;
	int32_t reserved2;
	/* Optional, for who draws what a unit receives: the observation lies on a grid of so many rows and columns that its
	 * shape does not tell (0: none). The first rows * columns * n encoded numbers (DISCRETE and MULTI_DISCRETE: one for
	 * each value), n as many as fit, are n for each cell, cell after cell along the rows or, with grid_turned, down the
	 * columns. What is left over lies beside the grid. */
	uint32_t grid_rows, grid_columns;
	int32_t grid_turned;
	int32_t reserved3;
} bern_instance;

enum bern_flag {
	BERN_TERMINATED =
		1, /* the episode is over: there is no future reward (bootstrap value 0) */
	BERN_TRUNCATED =
		2, /* the environment itself cut the episode short: the future goes on unseen */
	BERN_FAULT =
		4 /* the simulation broke; the host stops the run and names the seed and step */
};

/* Frozen. What a step brought. Zeroed by the host before each step. */
typedef struct bern_outcome {
	double reward;
	uint32_t flags; /* of enum bern_flag */
	uint32_t reserved;
} bern_outcome;

/* Frozen. A named part of the state, for the viewer, for `bern trace` and for batches. */
enum bern_field_type { BERN_F64 = 1, BERN_F32, BERN_I32, BERN_I64, BERN_U8 };
typedef struct bern_field {
	const char *name;
	int32_t type;    /* enum bern_field_type */
	uint32_t count;  /* elements, one after another */
	uint64_t offset; /* bytes from the start of the state */
} bern_field;

/* ---- drawing -------------------------------------------------------------------------------------- */

/* A colour is 0xRRGGBBAA. */
#define BERN_RGB(r, g, b)                                                                          \
	(((uint32_t)(r) << 24) | ((uint32_t)(g) << 16) | ((uint32_t)(b) << 8) | 0xffu)

/* The host's canvas: a window, a picture, or a recorder in a test. Coordinates are the environment's own, x to the
 * right and y up, as set by view(). Call view() first. Lengths are in the same units. Grows only at its end. */
typedef struct bern_canvas {
	uint32_t struct_size;
	uint32_t reserved;
	void *user; /* first argument of every call */
	void (*view)(void *user, double left, double bottom, double right, double top);
	void (*rect)(void *user, double x, double y, double width, double height, uint32_t color);
	void (*line)(void *user, double x0, double y0, double x1, double y1, double width,
		     uint32_t color);
	void (*disc)(void *user, double x, double y, double radius, uint32_t color);
	void (*polygon)(void *user, const double *xy, size_t corners,
			uint32_t color); /* (corners, 2), convex */
	void (*text)(void *user, double x, double y, double height, uint32_t color,
		     const char *utf8); /* centred on x, baseline at y; height: font size */
	void (*cells)(void *user, double x, double y, double width, double height, size_t rows,
		      size_t columns,
		      const uint32_t *colors); /* (rows, columns), first row on top */
} bern_canvas;

/* ---- batches -------------------------------------------------------------------------------------- */

/* A faster second way to step many copies at once, optional. The scalar functions of the table define what an environment does;
 * a batch must give the same bits, and `bern check-env` compares them.
 *
 * Lanes stand in tiles of 16. Whatever belongs to a tile is stored element by element, each as 16 numbers side by side, one
 * a lane, so that a loop `for (int i = 0; i < BERN_TILE; i++)` over them becomes vector instructions:
 *
 *     typedef struct { double x[BERN_TILE], v[BERN_TILE]; } tile;      for a state of the fields x and v
 *
 * The state of a tile is that of the table's `fields`, in their order: (count, 16) numbers of its type for each, no gaps. The
 * fields must be all of the state that matters, and not overlap: the host converts between a tile's lane and the plain state
 * with nothing else, where it clones, saves, draws, or steps a lane by itself. An environment with a mask, or with attach,
 * has no batch.
 *
 * What makes it fast: no calls but of inline functions, no branches that depend on a lane (x ? a : b is none), bern/math.h, one
 * loop over the 16 lanes, and -O3 -fno-math-errno -fno-trapping-math beside the flags of pkg-config. */
#define BERN_TILE 16

/* What a batch works on. Arrays of lanes are in order: lane i of tile t is lane 16 t + i. `state` and `observation` are aligned
 * to 16 bytes, the rest as its type asks. Grows only at its end. */
typedef struct bern_tiles {
	uint32_t struct_size; /* set by the host: read no field beyond it */
	uint32_t count;       /* tiles, 1 or more */
	void *state;          /* (count) tiles */
	struct bern_rng *rng; /* (count, 16) the streams of the running episodes */
	const void *action;   /* (count, action.count, 16) of its type; NULL in reset */
	const uint16_t *
		begin; /* (count) in reset: bit i is set where lane i begins an episode; NULL in step */
	double *reward;    /* (count, 16) written by step; NULL in reset */
	uint32_t *flags;   /* (count, 16) of enum bern_flag, written by step; NULL in reset */
	void *observation; /* (count, observation.count, 16) of its type */
	double *metrics;   /* (count, metric_count, 16) written by step; NULL in reset */
} bern_tiles;

/* Grows only at its end. */
typedef struct bern_batch {
	uint32_t struct_size; /* sizeof(bern_batch) */
	uint32_t reserved;    /* 0 */
	const char *cpu;      /* what the CPU must have: "avx512", "avx2", or NULL: nothing */
	/* One step of every lane: writes state, reward, flags, observation and metrics of each. */
	void (*step)(const void *model, const bern_tiles *tiles);
	/* Begins an episode in the lanes that are set in `begin`, and writes their observations; all else stays as it is. */
	void (*reset)(const void *model, const bern_tiles *tiles);
} bern_batch;

/* ---- the table ------------------------------------------------------------------------------------ */

typedef struct bern_env {
	uint32_t abi;               /* BERN_ENV_ABI */
	uint32_t struct_size;       /* sizeof(bern_env) */
	const char *id;             /* "[namespace/]Name-vN" */
	const char *summary;        /* one line */
	const char *source;         /* where dynamics and constants come from */
	const bern_param *params;   /* (param_count) */
	const bern_field *fields;   /* (field_count) optional */
	const char *const *metrics; /* (metric_count) names of what metrics() writes; optional */
	uint32_t param_count, field_count, metric_count;
	uint32_t has_returns; /* 1: the two returns below are given */
	double random_return; /* mean return of uniformly random actions */
	double solved_return; /* mean return from which the task counts as solved */
	double step_seconds;  /* real time of one step, for the viewer; 0: as the viewer likes */

	/* Makes the model from checked values (one for each of params). Returns 0, or 1 after writing one sentence
	 * of at most err_size bytes, its end included, to err. */
	int32_t (*open)(const bern_value *values, bern_instance *out, char *err, size_t err_size);
	void (*close)(void *model); /* optional */

	/* Starts an episode. The state may hold any bytes before: write every byte that is ever read. */
	void (*reset)(const void *model, void *state, struct bern_rng *rng);
	/* One step. action is laid out as instance.action says and lies inside it. */
	void (*step)(const void *model, void *state, struct bern_rng *rng, const void *action,
		     bern_outcome *out);
	/* Writes the observation of the state, laid out as instance.observation says. */
	void (*observe)(const void *model, const void *state, void *observation);

	/* optional. DISCRETE actions: allowed[i] = 1 if action i may be taken now, else 0; at least one is 1. */
	void (*mask)(const void *model, const void *state, uint8_t *allowed);
	/* optional. Writes metric_count numbers about the step just made. */
	void (*read_metrics)(const void *model, const void *state, double *out);
	/* optional. Draws the state; leaves it alone. */
	void (*draw)(const void *model, const void *state, const bern_canvas *canvas);

	/* optional, all four or none: a wrapped simulator whose state cannot be plain bytes keeps a handle in the
	 * state block. attach() makes the handle in a zeroed block (0, or 1 and a sentence), detach() frees it.
	 * save() writes the whole state to buffer if it fits and returns the bytes it takes, the same number for every
	 * state of a model, before its first reset too; load() restores it (0, or 1 and a sentence). Such a state is
	 * cloned by save and load. */
	int32_t (*attach)(const void *model, void *state, char *err, size_t err_size);
	void (*detach)(const void *model, void *state);
	uint64_t (*save)(const void *model, const void *state, void *buffer, uint64_t size);
	int32_t (*load)(const void *model, void *state, const void *buffer, uint64_t size,
			char *err, size_t err_size);

	/* optional. Batches of which the host takes the first that the CPU can run: the most demanding one first. bern/batch.h
	 * makes such a list from one source. */
	const bern_batch *const *batches; /* (batch_count) */
	uint32_t batch_count, reserved;
} bern_env;

/* Frozen. What a shared library exports: the environments in it. */
typedef struct bern_plugin {
	uint32_t abi;   /* BERN_ENV_ABI */
	uint32_t count; /* of envs */
	const bern_env *const *envs;
} bern_plugin;

typedef const bern_plugin *bern_plugin_entry(void);
#define BERN_PLUGIN_SYMBOL "bern_plugin_1"

#if defined(_WIN32)
#define BERN_EXPORT __declspec(dllexport)
#else
#define BERN_EXPORT __attribute__((visibility("default")))
#endif
#ifdef __cplusplus
#define BERN_EXTERN_C extern "C"
#else
#define BERN_EXTERN_C
#endif

/* Exports the environments of this file: BERN_PLUGIN(my_env, &table_a, &table_b) at its end. `name` is an identifier that
 * only matters to Bern's own build, where many such files become one library (-DBERN_BUILTIN). */
#ifdef BERN_BUILTIN
#define BERN_PLUGIN_FUNCTION(name) bern_plugin_##name
#else
#define BERN_PLUGIN_FUNCTION(name) bern_plugin_1
#endif
#define BERN_PLUGIN(name, ...)                                                                     \
	BERN_EXTERN_C BERN_EXPORT const bern_plugin *BERN_PLUGIN_FUNCTION(name)(void);             \
	const bern_plugin *BERN_PLUGIN_FUNCTION(name)(void)                                        \
	{                                                                                          \
		static const bern_env *const envs[] = {__VA_ARGS__};                               \
		static const bern_plugin plugin = {BERN_ENV_ABI, sizeof envs / sizeof envs[0],     \
						   envs};                                          \
		return &plugin;                                                                    \
	}                                                                                          \
	struct bern_plugin /* takes the semicolon */

/* The sizes are part of the ABI. */
#ifdef __cplusplus
#define BERN_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size), #type " changed size")
#else
#define BERN_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " changed size")
#endif
#if UINTPTR_MAX == 0xffffffffffffffffu
BERN_ASSERT_SIZE(bern_space, 72);
BERN_ASSERT_SIZE(bern_param, 56);
BERN_ASSERT_SIZE(bern_value, 8);
BERN_ASSERT_SIZE(bern_instance, 208);
BERN_ASSERT_SIZE(bern_outcome, 16);
BERN_ASSERT_SIZE(bern_field, 24);
BERN_ASSERT_SIZE(bern_canvas, 72);
BERN_ASSERT_SIZE(bern_tiles, 72);
BERN_ASSERT_SIZE(bern_batch, 32);
BERN_ASSERT_SIZE(bern_env, 208);
BERN_ASSERT_SIZE(bern_plugin, 16);
#endif

#ifdef __cplusplus
}
#endif

#endif
