/* See fused_kernels.h. Built once for each instruction set (agents/meson.build) with BERN_FUSED naming the table.
 *
 * Lanes do not meet until fold(). Every lane does the operations of the reference in their order. What differs is that terms of 0
 * are added where the reference skips them, which changes no sum that started from +0, and none of a probability. */
#include "fused_vectors.h"

/* ---- streams -------------------------------------------------------------------------------------- */

/* Where a lane's 64 bits are in a pair: of each W lanes first the even ones, then the odd ones. */
INLINE size_t place(size_t lane)
{
	return lane / W * W + lane % 2 * (W / 2) + lane % W / 2;
}

#if W == 8
/* 8 rows of 8 words turned to columns. */
INLINE void turn(vu row[8])
{
	__m256i two[8], four[8];
	UNROLL
	for (size_t i = 0; i < 8; i += 2) {
		two[i] = _mm256_unpacklo_epi32((__m256i)row[i], (__m256i)row[i + 1]);
		two[i + 1] = _mm256_unpackhi_epi32((__m256i)row[i], (__m256i)row[i + 1]);
	}
	UNROLL
	for (size_t i = 0; i < 8; i++) {
		const size_t k = i / 4 * 4 + i % 4 / 2;
		four[i] = i % 2 ? _mm256_unpackhi_epi64(two[k], two[k + 2])
				: _mm256_unpacklo_epi64(two[k], two[k + 2]);
	}
	UNROLL
	for (size_t i = 0; i < 4; i++) {
		row[i] = (vu)_mm256_permute2x128_si256(four[i], four[i + 4], 0x20);
		row[i + 4] = (vu)_mm256_permute2x128_si256(four[i], four[i + 4], 0x31);
	}
}

static void take_streams(bern_fused_tile *tile, const bern_firing_rng *firing, size_t lanes)
{
	bern_firing_rng whole[LANES];
	for (size_t l = 0; l < lanes; l++)
		tile->addend[place(l)] = firing[l].addend;
	if (lanes < LANES)
		firing = memcpy(memset(whole, 0, sizeof whole), firing, lanes * sizeof *firing);
	for (size_t l = 0; l < LANES; l += W)
		for (size_t s = 0; s < BERN_LEAPS; s += 4) {
			vu row[W];
			UNROLL
			for (size_t i = 0; i < W; i++)
				memcpy(&row[i], &firing[l + i].state[s], sizeof row[i]);
			turn(row);
			UNROLL
			for (size_t i = 0; i < W; i++)
				memcpy(tile->state + (s + i / 2) * LANES + l + i % 2 * (W / 2),
				       &row[i], sizeof row[i]);
		}
}

static void put_streams(bern_firing_rng *firing, const bern_fused_tile *tile, size_t lanes)
{
	for (size_t l = 0; l < lanes; l += W)
		for (size_t s = 0; s < BERN_LEAPS; s += 4) {
			vu row[W];
			UNROLL
			for (size_t i = 0; i < W; i++)
				memcpy(&row[i],
				       tile->state + (s + i / 2) * LANES + l + i % 2 * (W / 2),
				       sizeof row[i]);
			turn(row);
			for (size_t i = 0; i < W && l + i < lanes; i++)
				memcpy(&firing[l + i].state[s], &row[i], sizeof row[i]);
		}
}
#else
static void take_streams(bern_fused_tile *tile, const bern_firing_rng *firing, size_t lanes)
{
	for (size_t l = 0; l < lanes; l++) {
		tile->addend[place(l)] = firing[l].addend;
		for (size_t s = 0; s < BERN_LEAPS; s++)
			tile->state[s * LANES + place(l)] = firing[l].state[s];
	}
}

static void put_streams(bern_firing_rng *firing, const bern_fused_tile *tile, size_t lanes)
{
	for (size_t l = 0; l < lanes; l++)
		for (size_t s = 0; s < BERN_LEAPS; s++)
			firing[l].state[s] = tile->state[s * LANES + place(l)];
}
#endif

/* ---- acting --------------------------------------------------------------------------------------- */

/* Sigmoids are taken before the draws: there are too few registers for both. */
#define EARLY (W < 16)

/* affine_units where the inputs are firings (I). */
INLINE void affine_fired(float *a, void *fired, size_t row, size_t lane, const float *w,
			 const float *bias, size_t I, size_t J, size_t units, int grid)
{
	vf sum[8];
	UNROLL
	for (size_t u = 0; u < units; u++)
		sum[u] = all(bias[u]);
	for (size_t i = 0; i < I; i++) {
		vm h_i = load_mask(unit_at(fired, row + i, lane));
		UNROLL
		for (size_t u = 0; u < units; u++)
			sum[u] = add_where(sum[u], h_i, all(w[i * J + u]));
	}
	store_units(a, sum, units, grid);
}

/* a (J, 16) of layer l, or of the logits, at step t; with grid 1 2^24 sigmoid(a). */
INLINE void affine(const bern_fused_net *net, const bern_fused_tile *tile, float *a, size_t l,
		   size_t t, size_t lane, int grid)
{
	const bern_layer *layer = &net->layer[l];
	const size_t I = layer->inputs, J = layer->units;
	const float *w = net->params + layer->weight, *bias = net->params + layer->bias;
	size_t j = 0;
	if (l == 0) {
		affine_first(net, tile, a, t, lane, grid);
		return;
	}
	for (; j + 8 <= J; j += 8)
		affine_fired(a + j * LANES, tile->fired[l - 1], t * I, lane, w + j, bias + j, I, J,
			     8, grid);
	for (; j < J; j++)
		affine_fired(a + j * LANES, tile->fired[l - 1], t * I, lane, w + j, bias + j, I, J,
			     1, grid);
}

/* Layer l fires: p holds a, or 2^24 p (EARLY), and gets p. Unit j takes its number from sub-stream j mod 16, and padding
 * units take theirs too. In the last layer the streams move on over the block of the action's draws as well; the one number that is
 * used of it is returned. With an action unit its input goes to `logit`. */
INLINE vi fire(const bern_fused_net *net, bern_fused_tile *tile, size_t l, size_t t, size_t lane,
	       int last, int one_unit, vf *logit)
{
	const size_t J = net->layer[l].units, blocks = net->layer[l].padded / 16;
	const float *w = net->params + net->layer[net->depth].weight;
	float *p = tile->p[l] + t * J * LANES + lane;
	const pair addend = load_pair(tile->addend + lane), addend2 = addend_of_two(addend);
	vf part[16];
	vi drawn = {0};
	for (size_t s = 0; s < 16; s += ABREAST) {
		uint64_t *state = tile->state + s * LANES + lane;
		stream now[ABREAST];
		vf sum[ABREAST] = {{0}};
		UNROLL
		for (size_t q = 0; q < ABREAST; q++)
			now[q] = load_stream(state + q * LANES);
		for (size_t v = 0; v < blocks; v++) {
			UNROLL
			for (size_t q = 0; q < ABREAST; q++) {
				size_t j = 16 * v + s + q;
				if (j < J) {
					vf a = load(p + j * LANES);
					vi grid = EARLY ? (vi)a : grid_sigmoid(a);
					vm h = less(bits(now[q]), grid);
					store(p + j * LANES, grid_float(grid));
					store_mask(unit_at(tile->fired[l], t * J + j, lane), h);
					if (last && one_unit)
						sum[q] = add_where(sum[q], h, all(w[j]));
				}
				if (!last || v + 1 < blocks) {
					now[q] = leap(now[q], BERN_PCG32_LEAP, addend);
				} else if (s + q ==
					   1) { /* number 0 of the block chooses among firings */
					now[q] = leap(now[q], BERN_PCG32_LEAP, addend);
					drawn = bits(now[q]);
					now[q] = leap(now[q], BERN_PCG32_LEAP, addend);
				} else {
					now[q] = leap(now[q], BERN_PCG32_LEAP * BERN_PCG32_LEAP,
						      addend2);
				}
			}
		}
		UNROLL
		for (size_t q = 0; q < ABREAST; q++) {
			store_stream(state + q * LANES, now[q]);
			part[s + q] = sum[q];
		}
	}
	if (last && one_unit)
		*logit = all(net->params[net->layer[net->depth].bias]) + tree(part);
	return drawn;
}

static void act(const bern_fused_net *net, bern_fused_tile *tile, size_t t)
{
	const size_t N = net->logits, last = net->depth - 1;
	for (size_t lane = 0; lane < LANES; lane += W) {
		float *pi = tile->pi + t * N * LANES + lane;
		vf logit = {0};
		vi drawn = {0}, action;
		for (size_t l = 0; l <= last; l++) {
			size_t J = net->layer[l].units;
			affine(net, tile, tile->p[l] + t * J * LANES + lane, l, t, lane, EARLY);
			if (l < last)
				fire(net, tile, l, t, lane, 0, 0, &logit);
			else if (net->one_unit)
				drawn = fire(net, tile, l, t, lane, 1, 1, &logit);
			else
				drawn = fire(net, tile, l, t, lane, 1, 0, &logit);
		}
		if (net->one_unit) {
			vi grid = grid_sigmoid(logit);
			store(pi, grid_float(grid));
			action = (drawn < grid) & 1;
		} else {
			affine(net, tile, pi, net->depth, t, lane, 0);
			softmax(pi, N);
			action = draw_softmax(pi, N, drawn);
		}
		memcpy(tile->action + t * LANES + lane, &action, sizeof action);
	}
}

/* ---- the estimate --------------------------------------------------------------------------------- */

/* score() with one firing: (h ? c : 0) - p c */
INLINE vf score(float *p, fired_unit *h, vf c)
{
	return where(load_mask(h), c) - load(p) * c;
}

/* Adds up rows of the first layer: `units` neighbours from j on, inputs i0 .. i0 + inputs - 1, and with i0 = 0 the biases. ready 1: p
 * holds scores. */
INLINE void first_units(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			size_t lane, size_t j, size_t units, size_t i0, size_t inputs, int bias,
			int ready)
{
	const bern_layer *layer = &net->layer[0];
	const size_t I = layer->inputs, J = layer->units, T = net->steps;
	vf w[4][4] = {{{0}}}, b[4] = {{0}};
	const float *x = tile->x + i0 * LANES + lane;
	const float *c = tile->signal + lane;
	float *p = tile->p[0] + j * LANES + lane;
	for (size_t t = 0; t < T; t++) {
		vf c_t = 0.0f + load(c + t * LANES);
		UNROLL
		for (size_t u = 0; u < units; u++) {
			float *p_u = p + (t * J + u) * LANES;
			vf s = ready ? load(p_u)
				     : score(p_u, unit_at(tile->fired[0], t * J + j + u, lane),
					     c_t);
			if (bias)
				b[u] += s;
			UNROLL
			for (size_t i = 0; i < inputs; i++)
				w[i][u] += load(x + (t * I + i) * LANES) * s;
		}
	}
	UNROLL
	for (size_t u = 0; u < units; u++) {
		UNROLL
		for (size_t i = 0; i < inputs; i++)
			store(sum + (layer->weight + (i0 + i) * J + j + u) * LANES + lane, w[i][u]);
		if (bias)
			store(sum + (layer->bias + j + u) * LANES + lane, b[u]);
	}
}

/* Writes the scores of a layer's units over p. */
static void write_scores(const bern_fused_net *net, const bern_fused_tile *tile, size_t l,
			 size_t lane)
{
	const size_t J = net->layer[l].units;
	for (size_t t = 0; t < net->steps; t++) {
		vf c = 0.0f + load(tile->signal + t * LANES + lane);
		for (size_t j = 0; j < J; j++) {
			float *p = tile->p[l] + (t * J + j) * LANES + lane;
			store(p, score(p, unit_at(tile->fired[l], t * J + j, lane), c));
		}
	}
}

/* Units whose sums over four inputs find registers. */
#define FIRST (W == 16 ? 4 : 2)

static void first_layer(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			size_t lane)
{
	const size_t I = net->layer[0].inputs, J = net->layer[0].units;
	size_t j = 0;
	if (I == 4) {
		for (; j + FIRST <= J; j += FIRST)
			first_units(net, sum, tile, lane, j, FIRST, 0, 4, 1, 0);
		for (; j < J; j++)
			first_units(net, sum, tile, lane, j, 1, 0, 4, 1, 0);
		return;
	}
	write_scores(net, tile, 0, lane);
	for (; j + FIRST <= J; j += FIRST) {
		size_t i = 0;
		first_units(net, sum, tile, lane, j, FIRST, 0, 0, 1, 1);
		for (; i + 4 <= I; i += 4)
			first_units(net, sum, tile, lane, j, FIRST, i, 4, 0, 1);
		for (; i < I; i++)
			first_units(net, sum, tile, lane, j, FIRST, i, 1, 0, 1);
	}
	for (; j < J; j++) {
		first_units(net, sum, tile, lane, j, 1, 0, 0, 1, 1);
		for (size_t i = 0; i < I; i++)
			first_units(net, sum, tile, lane, j, 1, i, 1, 0, 1);
	}
}

/* Adds up rows of weights (I, J) from firings: inputs i .. i + inputs - 1, units j .. j + units - 1, whose scores are those of layer l,
 * or delta of the output (l = L). */
INLINE void fired_units(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			size_t lane, size_t l, size_t i, size_t inputs, size_t j, size_t units)
{
	const bern_layer *layer = &net->layer[l];
	const size_t I = layer->inputs, J = layer->units, T = net->steps;
	vf w[8][2] = {{{0}}};
	const float *s = (l < net->depth ? tile->p[l] : tile->delta) + lane;
	for (size_t t = 0; t < T; t++) {
		vf s_u[2];
		UNROLL
		for (size_t u = 0; u < units; u++)
			s_u[u] = load(s + (t * J + j + u) * LANES);
		UNROLL
		for (size_t m = 0; m < inputs; m++) {
			vm h = load_mask(unit_at(tile->fired[l - 1], t * I + i + m, lane));
			UNROLL
			for (size_t u = 0; u < units; u++)
				w[m][u] = add_where(w[m][u], h, s_u[u]);
		}
	}
	UNROLL
	for (size_t m = 0; m < inputs; m++) {
		UNROLL
		for (size_t u = 0; u < units; u++)
			store(sum + (layer->weight + (i + m) * J + j + u) * LANES + lane, w[m][u]);
	}
}

static void biases(const bern_fused_net *net, float *sum, const bern_fused_tile *tile, size_t lane,
		   size_t l)
{
	const bern_layer *layer = &net->layer[l];
	const size_t J = layer->units;
	for (size_t j = 0; j < J; j++) {
		vf b = {0};
		const float *s = (l < net->depth ? tile->p[l] : tile->delta) + lane;
		for (size_t t = 0; t < net->steps; t++)
			b += load(s + (t * J + j) * LANES);
		store(sum + (layer->bias + j) * LANES + lane, b);
	}
}

static void later_layer(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
			size_t lane, size_t l)
{
	const size_t I = net->layer[l].inputs, J = net->layer[l].units;
	size_t i = 0;
	for (; i + 8 <= I; i += 8) {
		size_t j = 0;
		for (; j + 2 <= J; j += 2)
			fired_units(net, sum, tile, lane, l, i, 8, j, 2);
		for (; j < J; j++)
			fired_units(net, sum, tile, lane, l, i, 8, j, 1);
	}
	for (; i < I; i++)
		for (size_t j = 0; j < J; j++)
			fired_units(net, sum, tile, lane, l, i, 1, j, 1);
	biases(net, sum, tile, lane, l);
}

/* delta = c (1[chosen] - pi) of the logits */
static void output_scores(const bern_fused_net *net, const bern_fused_tile *tile, size_t lane)
{
	const size_t N = net->logits;
	for (size_t t = 0; t < net->steps; t++) {
		vf c = load(tile->signal + t * LANES + lane);
		vi action;
		memcpy(&action, tile->action + t * LANES + lane, sizeof action);
		for (size_t n = 0; n < N; n++) {
			size_t at = (t * N + n) * LANES + lane;
			int32_t number = net->one_unit ? 1 : (int32_t)n;
			vf chosen = where(equal(action, number - (vi){0}), all(1.0f));
			store(tile->delta + at, c * (chosen - load(tile->pi + at)));
		}
	}
}

static void estimate(const bern_fused_net *net, float *sum, const bern_fused_tile *tile)
{
	for (size_t lane = 0; lane < LANES; lane += W) {
		first_layer(net, sum, tile, lane);
		for (size_t l = 1; l < net->depth; l++) {
			write_scores(net, tile, l, lane);
			later_layer(net, sum, tile, lane, l);
		}
		output_scores(net, tile, lane);
		later_layer(net, sum, tile, lane, net->depth);
	}
}

/* ---- the baseline --------------------------------------------------------------------------------- */

INLINE vf relu_unit(const float *x, const float *w, float bias, size_t O, size_t V)
{
	vf a = all(bias);
	for (size_t i = 0; i < O; i++)
		a += load(x + i * LANES) * w[i * V];
	return positive(a);
}

/* vectors that are computed side by side, so that weights are broadcast once for both and sums do not wait for themselves */
#define BOTH (W == 16 ? 1 : 2)

/* V of the lanes of BOTH vectors. active: where the units' activations go, `stride` apart, or NULL */
INLINE void mlp_value(const bern_fused_net *net, float *out, const float *x, size_t O,
		      float *active, size_t stride)
{
	const size_t V = net->value_units;
	const float *w = net->value, *bias = w + O * V, *w_out = bias + V;
	vf part[BOTH][16];
	/* inputs, if they are four: loaded once, whatever is stored between */
	vf four[4][BOTH];
	for (size_t i = 0; O == 4 && i < 4; i++)
		for (size_t v = 0; v < BOTH; v++)
			four[i][v] = load(x + i * LANES + v * W);
	for (size_t s = 0; s < 16; s++) {
		vf sum[BOTH] = {{0}};
		for (size_t j = s; j < V; j += 16) {
			vf a[BOTH];
			UNROLL
			for (size_t v = 0; v < BOTH; v++)
				a[v] = all(bias[j]);
			for (size_t i = 0; i < O; i++) {
				UNROLL
				for (size_t v = 0; v < BOTH; v++)
					a[v] += (O == 4 ? four[i][v]
							: load(x + i * LANES + v * W)) *
						w[i * V + j];
			}
			UNROLL
			for (size_t v = 0; v < BOTH; v++) {
				a[v] = positive(a[v]);
				if (active)
					store(active + j * stride + v * W, a[v]);
				sum[v] += a[v] * w_out[j];
			}
		}
		UNROLL
		for (size_t v = 0; v < BOTH; v++)
			part[v][s] = sum[v];
	}
	UNROLL
	for (size_t v = 0; v < BOTH; v++)
		store(out + v * W, w_out[V] + tree(part[v]));
}

INLINE vf linear_value(const bern_fused_net *net, const float *x, size_t O)
{
	vf part[16] = {{0}};
	for (size_t i = 0; i < O; i++)
		part[i % 16] += load(x + i * LANES) * net->value[i];
	return net->value[O] + tree(part);
}

static void mlp_values(const bern_fused_net *net, float *out, const float *x, size_t rows,
		       float *active)
{
	const size_t O = net->inputs;
	for (size_t row = 0; row < rows; row++)
		for (size_t lane = 0; lane < LANES; lane += BOTH * W) {
			const float *x_row = x + row * O * LANES + lane;
			float *out_row = out + row * LANES + lane;
			float *a = active ? active + row * LANES + lane : NULL;
			if (O == 4 && a)
				mlp_value(net, out_row, x_row, 4, a, rows * LANES);
			else if (O == 4)
				mlp_value(net, out_row, x_row, 4, NULL, 0);
			else
				mlp_value(net, out_row, x_row, O, a, rows * LANES);
		}
}

static void values(const bern_fused_net *net, float *out, const float *x, size_t rows,
		   float *active)
{
	if (net->value_kind == BERN_BASELINE_MLP) {
		mlp_values(net, out, x, rows, active);
		return;
	}
	for (size_t row = 0; row < rows; row++)
		for (size_t lane = 0; lane < LANES; lane += W)
			store(out + row * LANES + lane,
			      linear_value(net, x + row * net->inputs * LANES + lane, net->inputs));
}

/* Rows of x (T, O, 16) times d (T, 16), summed: inputs i .. i + inputs - 1 and, if wanted, d itself. */
INLINE void weighed_inputs(const bern_fused_net *net, vf *w, vf *bias, const float *x,
			   const float *d, size_t inputs)
{
	const size_t O = net->inputs, T = net->steps;
	for (size_t t = 0; t < T; t++) {
		vf d_t = load(d + t * LANES);
		if (bias)
			*bias += d_t;
		UNROLL
		for (size_t i = 0; i < inputs; i++)
			w[i] += load(x + (t * O + i) * LANES) * d_t;
	}
}

/* A unit of the relu layer: its output weight, bias, and, if there are four, the weights of its inputs; else what the others
 * are weighed with goes to scratch. */
INLINE void mlp_unit(const bern_fused_net *net, float *sum, const float *x, const float *d,
		     const float *active, float *scratch, size_t lane, size_t j, size_t units,
		     size_t O)
{
	const size_t V = net->value_units, T = net->steps;
	const float *w = net->value + j, *bias = net->value + O * V + j, *out = bias + V;
	vf g[4][4] = {{{0}}}, g_bias[4] = {{0}}, g_out[4] = {{0}};
	for (size_t t = 0; t < T; t++) {
		const float *x_t = x + t * O * LANES + lane;
		vf d_t = load(d + t * LANES + lane);
		UNROLL
		for (size_t u = 0; u < units; u++) {
			vf a = active ? load(active + ((j + u) * T + t) * LANES + lane)
				      : relu_unit(x_t, w + u, bias[u], O, V);
			vf back = where(less((vi){0}, (vi)a), d_t * out[u]);
			g_out[u] += d_t * a;
			g_bias[u] += back;
			if (O == 4) {
				UNROLL
				for (size_t i = 0; i < 4; i++)
					g[i][u] += load(x_t + i * LANES) * back;
			} else {
				store(scratch + t * LANES + lane, back);
			}
		}
	}
	UNROLL
	for (size_t u = 0; u < units; u++) {
		store(sum + (O * V + j + u) * LANES + lane, g_bias[u]);
		store(sum + (O * V + V + j + u) * LANES + lane, g_out[u]);
		if (O == 4) {
			UNROLL
			for (size_t i = 0; i < 4; i++)
				store(sum + (i * V + j + u) * LANES + lane, g[i][u]);
		}
	}
}

static void mlp_estimate(const bern_fused_net *net, float *sum, const float *x, const float *d,
			 const float *active, float *scratch, size_t lane)
{
	const size_t O = net->inputs, V = net->value_units;
	size_t j = 0;
	vf bias = {0};
	if (O == 4 && active)
		for (; j + 2 <= V; j += 2)
			mlp_unit(net, sum, x, d, active, scratch, lane, j, 2, 4);
	if (O == 4)
		for (; j + 2 <= V; j += 2)
			mlp_unit(net, sum, x, d, NULL, scratch, lane, j, 2, 4);
	for (; j < V; j++) {
		if (O == 4) {
			mlp_unit(net, sum, x, d, active, scratch, lane, j, 1, 4);
			continue;
		}
		mlp_unit(net, sum, x, d, active, scratch, lane, j, 1, O);
		for (size_t i = 0; i < O; i++) {
			vf w = {0};
			weighed_inputs(net, &w, NULL, x + i * LANES + lane, scratch + lane, 1);
			store(sum + (i * V + j) * LANES + lane, w);
		}
	}
	weighed_inputs(net, NULL, &bias, x, d + lane, 0);
	store(sum + (O * V + 2 * V) * LANES + lane, bias);
}

static void value_estimate(const bern_fused_net *net, float *sum, const float *x, const float *d,
			   const float *active, float *scratch)
{
	const size_t O = net->inputs;
	for (size_t lane = 0; lane < LANES; lane += W) {
		if (net->value_kind == BERN_BASELINE_MLP) {
			mlp_estimate(net, sum, x, d, active, scratch, lane);
			continue;
		}
		for (size_t i = 0; i < O; i++) {
			vf w = {0};
			weighed_inputs(net, &w, NULL, x + i * LANES + lane, d + lane, 1);
			store(sum + i * LANES + lane, w);
		}
		vf bias = {0};
		weighed_inputs(net, NULL, &bias, x, d + lane, 0);
		store(sum + O * LANES + lane, bias);
	}
}

static void entropies(const bern_fused_net *net, float *out, const float *pi)
{
	for (size_t lane = 0; lane < LANES; lane += W) {
		vf total = {0};
		for (size_t n = 0; n < net->logits; n++) {
			vf p = load(pi + n * LANES + lane), other = 1.0f - p;
			total -= p * log_of(p);
			if (net->one_unit)
				total -= other * log_of(other);
		}
		store(out + lane, total);
	}
}

#if W == 8
/* Sums of neighbours within halves of a register: as hadd, in fewer operations. */
INLINE vf neighbours(vf a, vf b)
{
	return _mm256_shuffle_ps(a, b, 0x88) + _mm256_shuffle_ps(a, b, 0xdd);
}

/* W sums of 16 lanes, 2 vectors each, by a tree of neighbours: v[0]. Within halves of the register as long as it goes. */
INLINE void fold_vectors(vf v[16])
{
	UNROLL
	for (size_t i = 0; i < 8; i++)
		v[i] = neighbours(v[2 * i], v[2 * i + 1]);
	UNROLL
	for (size_t i = 0; i < 4; i++) /* lanes 0-3, 8-11 of two sums, then 4-7, 12-15 of them */
		v[i] = neighbours(v[2 * i], v[2 * i + 1]);
	UNROLL
	for (size_t i = 0; i < 2; i++)
		v[i] = _mm256_permute2f128_ps(v[2 * i], v[2 * i + 1], 0x20) +
		       _mm256_permute2f128_ps(v[2 * i], v[2 * i + 1], 0x31);
	v[0] = neighbours(v[0], v[1]); /* sums 0, 1, 4, 5, 2, 3, 6, 7 */
	v[0] = (vf)_mm256_permute4x64_epi64((__m256i)v[0], 0xd8);
}
#else
/* Half as many vectors, of the sums of neighbours among their lanes, in the same order. */
INLINE void add_neighbours(vf *v, size_t count)
{
	UNROLL
	for (size_t i = 0; i < count / 2; i++) {
		vl a = (vl)v[2 * i], b = (vl)v[2 * i + 1];
		v[i] = (vf)evens(a, b) + (vf)odds(a, b);
	}
}

/* W sums of 16 lanes by a tree of neighbours: v[0]. */
INLINE void fold_vectors(vf v[16])
{
	add_neighbours(v, 16);
	add_neighbours(v, 8);
	add_neighbours(v, 4);
	add_neighbours(v, 2);
}
#endif

static void fold(float *out, const float *sum, size_t count)
{
	size_t i = 0;
	for (; i + W <= count; i += W) {
		vf v[16];
		UNROLL
		for (size_t k = 0; k < 16; k++)
			v[k] = load(sum + i * LANES + k * W);
		fold_vectors(v);
		store(out + i, v[0]);
	}
	for (; i < count; i++) {
		float part[LANES];
		memcpy(part, sum + i * LANES, sizeof part);
		for (size_t width = LANES / 2; width; width /= 2)
			for (size_t l = 0; l < width; l++)
				part[l] = part[2 * l] + part[2 * l + 1];
		out[i] = part[0];
	}
}

extern const bern_fused_kernels BERN_FUSED;
extern const bern_firing_kernels BERN_FIRINGS;
const bern_fused_kernels BERN_FUSED = {
	.name = BERN_FUSED_NAME,
	.fired_size = LANES / W * sizeof(fired_unit),
	.width = W,
	.take_streams = take_streams,
	.put_streams = put_streams,
	.act = act,
	.values = values,
	.entropies = entropies,
	.estimate = estimate,
	.value_estimate = value_estimate,
	.fold = fold,
	.firings = &BERN_FIRINGS,
};
