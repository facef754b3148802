/* bern_firing_kernels, see fused_kernels.h. Built once for each instruction set (agents/meson.build) with BERN_FIRINGS naming the table.
 *
 * What has to come out, bit for bit, is what network.c, head.c, estimator_firings.c, estimator_local_expectation.c and value.c give, row
 * by row. Terms of 0 are added where those skip them, which changes no sum that started from +0. */
#include "fused_vectors.h"

/* Firing k of unit j at step t, for the lanes from `lane` on. */
INLINE fired_unit *fired_at(const bern_fused_net *net, const bern_fused_tile *tile, size_t t,
			    size_t k, size_t j, size_t lane)
{
	return unit_at(tile->fired[0], (t * net->firings + k) * net->layer[0].units + j, lane);
}

/* ---- from lanes side by side to rows, and back -------------------------------------------------------- */

#if W == 16
/* Blocks of `half` rows and columns change places. */
#define SWAP(a, b, low, high)                                                                      \
	do {                                                                                       \
		vf a_ = (a), b_ = (b);                                                             \
		(a) = (vf)_mm512_permutex2var_ps((__m512)a_, low, (__m512)b_);                     \
		(b) = (vf)_mm512_permutex2var_ps((__m512)a_, high, (__m512)b_);                    \
	} while (0)

/* Rows become columns. */
INLINE void turn(vf v[W])
{
	/* lane l of the first: that of a where bit `half` of l is 0, else that of b `half` below; the second likewise */
	UNROLL
	for (size_t half = 1; half < 16; half *= 2) {
		int32_t index[2][16];
		UNROLL
		for (int32_t l = 0; l < 16; l++) {
			int32_t h = (int32_t)half;
			index[0][l] = l & h ? 16 + l - h : l;
			index[1][l] = l & h ? 16 + l : l + h;
		}
		const __m512i low = _mm512_loadu_si512(index[0]),
			      high = _mm512_loadu_si512(index[1]);
		UNROLL
		for (size_t r = 0; r < 16; r++)
			if (!(r & half))
				SWAP(v[r], v[r + half], low, high);
	}
}
#else
INLINE void turn(vf v[W])
{
#if W == 8
	UNROLL
	for (size_t r = 0; r < 4; r++) {
		vf a = v[r], b = v[r + 4];
		v[r] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
		v[r + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
	}
#define LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#else
#define LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif
	UNROLL
	for (size_t half = 2; half > 0; half /= 2) {
		UNROLL
		for (size_t r = 0; r < W; r++)
			if (!(r & half)) {
				vf a = v[r], b = v[r + half];
				v[r] = LOW(a, b);
				v[r + half] = HIGH(a, b);
			}
	}
}
#endif

/* 16 numbers of 16 lanes, number u of lane l at [u * step + l], to rows: at [l * stride + u]. */
INLINE void to_rows(float *rows, size_t stride, const float *columns, size_t step)
{
	for (size_t first = 0; first < 16; first += W)
		for (size_t lane = 0; lane < LANES; lane += W) {
			vf v[W];
			UNROLL
			for (size_t u = 0; u < W; u++)
				v[u] = load(columns + (first + u) * step + lane);
			turn(v);
			UNROLL
			for (size_t l = 0; l < W; l++)
				store(rows + (lane + l) * stride + first, v[l]);
		}
}

/* ---- acting ---------------------------------------------------------------------------------------- */

/* The units' probabilities from p, which holds their activations. */
INLINE void probabilities(float *p, int32_t *grid, size_t J)
{
	for (size_t j = 0; j < J; j++) {
		vi g = grid_sigmoid(load(p + j * LANES));
		memcpy(grid + j * LANES, &g, sizeof g);
		store(p + j * LANES, grid_float(g));
	}
}

/* Firing k. Unit j takes its number from sub-stream j mod 16, and padding units take theirs too. Returns what the action
 * unit hears, if there is one. */
INLINE vf fire(const bern_fused_net *net, bern_fused_tile *tile, const int32_t *grid, size_t t,
	       size_t k, size_t lane, int one_unit)
{
	const size_t J = net->layer[0].units, blocks = net->layer[0].padded / 16;
	const float *w = net->params + net->layer[1].weight;
	const pair addend = load_pair(tile->addend + lane);
	fired_unit *h = fired_at(net, tile, t, k, 0, lane);
	vf part[16];
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
					vi threshold;
					memcpy(&threshold, grid + j * LANES, sizeof threshold);
					vm fires = less(bits(now[q]), threshold);
					store_mask(h + j * (LANES / W), fires);
					if (one_unit)
						sum[q] = add_where(sum[q], fires, all(w[j]));
				}
				now[q] = leap(now[q], BERN_PCG32_LEAP, addend);
			}
		}
		UNROLL
		for (size_t q = 0; q < ABREAST; q++) {
			store_stream(state + q * LANES, now[q]);
			part[s + q] = sum[q];
		}
	}
	return one_unit ? tree(part) : (vf){0};
}

/* firings whose logits are summed side by side, since each sum waits for itself: as many as find registers */
#define BESIDE (W == 16 ? 4 : 2)

/* Logits n0 .. n0 + count - 1 of `firings` firings from k on, from the units' firings in ascending order. */
INLINE void logits(const bern_fused_net *net, const bern_fused_tile *tile, size_t t, size_t k,
		   size_t firings, size_t lane, size_t n0, size_t count)
{
	const bern_layer *out = &net->layer[1];
	const size_t J = out->inputs, K = net->firings, N = net->logits;
	const float *w = net->params + out->weight + n0, *bias = net->params + out->bias + n0;
	const fired_unit *h = fired_at(net, tile, t, k, 0, lane);
	float *pi = tile->pi + ((t * K + k) * N + n0) * LANES + lane;
	vf sum[BESIDE][4];
	UNROLL
	for (size_t i = 0; i < firings; i++) {
		UNROLL
		for (size_t n = 0; n < count; n++)
			sum[i][n] = all(bias[n]);
	}
	for (size_t j = 0; j < J; j++) {
		UNROLL
		for (size_t i = 0; i < firings; i++) {
			vm fired = load_mask(h + (i * J + j) * (LANES / W));
			UNROLL
			for (size_t n = 0; n < count; n++)
				sum[i][n] = add_where(sum[i][n], fired, all(w[j * N + n]));
		}
	}
	UNROLL
	for (size_t i = 0; i < firings; i++) {
		UNROLL
		for (size_t n = 0; n < count; n++)
			store(pi + (i * N + n) * LANES, sum[i][n]);
	}
}

/* pi (N, 16) of these firings. */
INLINE void policies(const bern_fused_net *net, const bern_fused_tile *tile, size_t t, size_t k,
		     size_t firings, size_t lane)
{
	const size_t K = net->firings, N = net->logits;
	size_t n = 0;
	for (; n + 4 <= N; n += 4)
		logits(net, tile, t, k, firings, lane, n, 4);
	if (n + 3 == N)
		logits(net, tile, t, k, firings, lane, n, 3);
	else if (n + 2 == N)
		logits(net, tile, t, k, firings, lane, n, 2);
	else if (n + 1 == N)
		logits(net, tile, t, k, firings, lane, n, 1);
	for (size_t i = 0; i < firings; i++)
		softmax(tile->pi + (t * K + k + i) * N * LANES + lane, N);
}

/* The 16 numbers of which the action takes two: number 0 chooses the firing that speaks, number 1 what it says. */
INLINE void draw_block(bern_fused_tile *tile, size_t lane, size_t K, vi *speaker, vi *drawn)
{
	const pair addend = load_pair(tile->addend + lane);
	for (size_t s = 0; s < 16; s++) {
		uint64_t *state = tile->state + s * LANES + lane;
		stream now = load_stream(state);
		if (s == 0) {
			vu word = word_of(now);
			uint32_t words[W];
			int32_t index[W];
			memcpy(words, &word, sizeof words);
			for (size_t l = 0; l < W; l++)
				index[l] = (int32_t)((uint64_t)words[l] * K >> 32);
			memcpy(speaker, index, sizeof index);
		}
		if (s == 1)
			*drawn = bits(now);
		store_stream(state, leap(now, BERN_PCG32_LEAP, addend));
	}
}

/* Their mean, what the speaker says, and how much each firing had part in it. */
INLINE void choose_action(const bern_fused_net *net, bern_fused_tile *tile, size_t t, size_t lane,
			  vi speaker, vi drawn, int one_unit)
{
	const size_t K = net->firings, N = net->logits;
	const float *pi = tile->pi + t * K * N * LANES + lane;
	float *mean = tile->mean_pi + t * N * LANES + lane;
	float *posterior = tile->posterior + t * K * LANES + lane;
	vf total = {0};
	vi action;
	for (size_t n = 0; n < N; n++) { /* first the speaker's, in place of the mean */
		vf said = {0};
		for (size_t k = 0; k < K; k++)
			said = choose(equal(speaker, (int32_t)k - (vi){0}),
				      load(pi + (k * N + n) * LANES), said);
		store(mean + n * LANES, said);
	}
	if (one_unit)
		action = (drawn < __builtin_convertvector(load(mean) * BERN_P_ONE, vi)) & 1;
	else
		action = draw_softmax(mean, N, drawn);
	memcpy(tile->action + t * LANES + lane, &action, sizeof action);
	for (size_t n = 0; n < N; n++) {
		vf sum = {0};
		for (size_t k = 0; k < K; k++)
			sum += load(pi + (k * N + n) * LANES);
		store(mean + n * LANES, sum / (float)K);
	}
	for (size_t k = 0; k < K; k++) {
		const float *pi_k = pi + k * N * LANES;
		vf likely = load(pi_k);
		if (one_unit)
			likely = choose(equal(action, (vi){0}), 1.0f - likely, likely);
		for (size_t n = 1; n < N; n++)
			likely = choose(equal(action, (int32_t)n - (vi){0}), load(pi_k + n * LANES),
					likely);
		total += likely;
		store(posterior + k * LANES, likely);
	}
	for (size_t k = 0; k < K; k++) {
		vf weight = load(posterior + k * LANES) / total;
		weight = choose(lessf((vf){0}, total), weight, all(1.0f / (float)K));
		store(posterior + k * LANES, weight);
	}
}

static void act(const bern_fused_net *net, bern_fused_tile *tile, const bern_firing_room *room,
		size_t t, int turned)
{
	const size_t J = net->layer[0].units, P = net->layer[0].padded;
	const size_t K = net->firings, N = net->logits;
	float *p = tile->p[0] + t * J * LANES;
	for (size_t j = 0; turned && j < P; j += 16)
		to_rows(p + j * LANES, LANES, room->rows + j, P);
	for (size_t lane = 0; lane < LANES; lane += W) {
		float *pi = tile->pi + t * K * N * LANES + lane;
		vi speaker = {0}, drawn = {0};
		if (!turned)
			affine_first(net, tile, p + lane, t, lane, 0);
		probabilities(p + lane, room->grid + lane, J);
		size_t k = 0;
		for (; net->one_unit && k < K; k++) {
			vf heard = fire(net, tile, room->grid + lane, t, k, lane, 1);
			vf logit = all(net->params[net->layer[1].bias]) + heard;
			store(pi + k * LANES, grid_float(grid_sigmoid(logit)));
		}
		for (; k + BESIDE <= K; k += BESIDE) {
			for (size_t i = 0; i < BESIDE; i++)
				fire(net, tile, room->grid + lane, t, k + i, lane, 0);
			policies(net, tile, t, k, BESIDE, lane);
		}
		for (; k < K; k++) {
			fire(net, tile, room->grid + lane, t, k, lane, 0);
			policies(net, tile, t, k, 1, lane);
		}
		draw_block(tile, lane, K, &speaker, &drawn);
		if (net->one_unit)
			choose_action(net, tile, t, lane, speaker, drawn, 1);
		else
			choose_action(net, tile, t, lane, speaker, drawn, 0);
	}
}

/* ---- the estimate ------------------------------------------------------------------------------------ */

/* Adds what the entropy of the mean policy asks for, room->bonus times it, to c and delta (bern_entropy_rule). */
INLINE void add_bonus(const bern_fused_net *net, const bern_fused_tile *tile,
		      const bern_firing_room *room, size_t t, size_t lane)
{
	const size_t K = net->firings, N = net->logits;
	const float *pi = tile->pi + t * K * N * LANES + lane;
	const float *mean_pi = tile->mean_pi + t * N * LANES + lane;
	const vf coef = load(room->bonus + lane), each = coef / (float)K;
	float *surprise = room->surprise + lane;
	vf mean = {0};
	for (size_t n = 0; n < N; n++)
		store(surprise + n * LANES, -log_of(load(mean_pi + n * LANES)));
	if (net->one_unit) /* and that of a unit which does not fire */
		store(surprise + LANES, -log_of(1.0f - load(mean_pi)));
	for (size_t k = 0; k < K; k++) {
		const float *pi_k = pi + k * N * LANES;
		float *delta = room->delta + k * N * LANES + lane;
		vf gain = {0}; /* of the entropy, by firing k */
		if (net->one_unit) {
			vf one = load(surprise), zero = load(surprise + LANES), p = load(pi_k);
			gain = p * one + (1.0f - p) * zero;
			store(delta, load(delta) + each * (p * (1.0f - p)) * (one - zero));
		} else {
			for (size_t n = 0; n < N; n++)
				gain += load(pi_k + n * LANES) * load(surprise + n * LANES);
			for (size_t n = 0; n < N; n++) {
				vf more = load(surprise + n * LANES) - gain;
				more = each * load(pi_k + n * LANES) * more;
				store(delta + n * LANES, load(delta + n * LANES) + more);
			}
		}
		mean += gain / (float)K;
		store(room->gain + k * LANES + lane, gain);
	}
	for (size_t k = 0; k < K; k++) {
		float *c = room->c + k * LANES + lane;
		vf gain = load(room->gain + k * LANES + lane);
		gain = K > 1 ? (gain - mean) / (float)(K - 1) : gain - room->mean_entropy;
		store(c, load(c) + coef * gain);
	}
}

/* c (K, 16) and delta (K, N, 16) of step t. Units that are told what is expected hear of c only the entropy's part. */
INLINE void weigh(const bern_fused_net *net, const bern_fused_tile *tile,
		  const bern_firing_room *room, size_t t, size_t lane, int bonus)
{
	const size_t K = net->firings, N = net->logits;
	const float each = 1.0f / (float)K, factor = K > 1 ? (float)K / (float)(K - 1) : 1.0f;
	const vf A = load(tile->signal + t * LANES + lane);
	vi action;
	memcpy(&action, tile->action + t * LANES + lane, sizeof action);
	for (size_t k = 0; k < K; k++) {
		vf w = K > 1 ? load(tile->posterior + (t * K + k) * LANES + lane) : all(1.0f);
		vf said = A * w;
		store(room->c + k * LANES + lane,
		      net->expects ? (vf){0} : A * ((w - each) * factor));
		for (size_t n = 0; n < N; n++) {
			size_t at = (k * N + n) * LANES + lane;
			int32_t number = net->one_unit ? 1 : (int32_t)n;
			vf chosen = where(equal(action, number - (vi){0}), all(1.0f));
			vf pi = load(tile->pi + t * K * N * LANES + at);
			store(room->delta + at, said * (chosen - pi));
		}
	}
	if (bonus)
		add_bonus(net, tile, room, t, lane);
}

/* Sums over the firings of `units` units from j on: of c, less p times the sum of all c, to `score`; of delta to `said`, unless NULL. */
INLINE void sum_firings(const bern_fused_net *net, const bern_fused_tile *tile,
			const bern_firing_room *room, float *score, float *said, size_t t,
			size_t lane, size_t j, size_t units)
{
	const size_t K = net->firings, J = net->layer[0].units;
	const float *p = tile->p[0] + (t * J + j) * LANES + lane;
	vf s[4], o[4], total = {0};
	UNROLL
	for (size_t u = 0; u < units; u++)
		s[u] = o[u] = (vf){0};
	for (size_t k = 0; k < K; k++) {
		const fired_unit *h = fired_at(net, tile, t, k, j, lane);
		vf c = load(room->c + k * LANES + lane), d = load(room->delta + k * LANES + lane);
		total += c;
		UNROLL
		for (size_t u = 0; u < units; u++) {
			vm fired = load_mask(h + u * (LANES / W));
			s[u] = add_where(s[u], fired, c);
			if (said)
				o[u] = add_where(o[u], fired, d);
		}
	}
	UNROLL
	for (size_t u = 0; u < units; u++) {
		store(score + u * LANES + lane, s[u] - load(p + u * LANES) * total);
		if (said)
			store(said + u * LANES + lane, o[u]);
	}
}

/* What estimator_local_expectation.c tells a unit in a firing that spoke with probability w: turning the unit over multiplies the
 * probability of the action by chosen / total. */
INLINE vf expected(vm fired, vf p, vf rest, vf A, vf w, vf chosen, vf total)
{
	const vf x = w * choose(fired, rest, p) * (chosen - total);
	return choose(fired, A * -p, A * rest) * (x / (total + x));
}

/* turned (N, P) of the action that each lane chose; of a unit that did not fire, 1. */
INLINE vf turned_of(const float *turned, vi action, size_t P, size_t N, int one_unit)
{
	vf chosen = all(1.0f);
	for (size_t n = 0; n < N; n++)
		chosen = choose(equal(action, (one_unit ? 1 : (int32_t)n) - (vi){0}),
				all(turned[n * P]), chosen);
	return chosen;
}

/* sum_firings of that, and of what the entropy asks for. */
INLINE void expect_firings(const bern_fused_net *net, const bern_fused_tile *tile,
			   const bern_firing_room *room, float *score, float *said, size_t t,
			   size_t lane, size_t j, size_t units, size_t N, int bonus)
{
	const size_t K = net->firings, J = net->layer[0].units, P = net->layer[0].padded;
	const float *pi = tile->pi + t * K * N * LANES + lane;
	const float *w = tile->posterior + t * K * LANES + lane;
	const float *up = room->turned + j, *down = up + N * P;
	const vf A = load(tile->signal + t * LANES + lane);
	vf p[4], rest[4], s[4], o[4], chosen_up[4], chosen_down[4];
	vi action;
	memcpy(&action, tile->action + t * LANES + lane, sizeof action);
	UNROLL
	for (size_t u = 0; u < units; u++) {
		p[u] = load(tile->p[0] + (t * J + j + u) * LANES + lane);
		rest[u] = 1.0f - p[u];
		s[u] = o[u] = (vf){0};
		chosen_up[u] = turned_of(up + u, action, P, N, said != NULL);
		chosen_down[u] = turned_of(down + u, action, P, N, said != NULL);
	}
	for (size_t k = 0; k < K; k++, pi += N * LANES) {
		const fired_unit *h = fired_at(net, tile, t, k, j, lane);
		const vf c = load(room->c + k * LANES + lane), w_k = load(w + k * LANES);
		vf total[4];
		vm fired[4];
		UNROLL
		for (size_t u = 0; u < units; u++) {
			fired[u] = load_mask(h + u * (LANES / W));
			total[u] = said ? 1.0f - load(pi) : (vf){0};
			if (said)
				o[u] = add_where(o[u], fired[u],
						 load(room->delta + k * LANES + lane));
		}
		for (size_t n = 0; n < N; n++) {
			const vf pi_n = load(pi + n * LANES);
			UNROLL
			for (size_t u = 0; u < units; u++)
				total[u] += pi_n * choose(fired[u], all(down[n * P + u]),
							  all(up[n * P + u]));
		}
		UNROLL
		for (size_t u = 0; u < units; u++) {
			vf chosen = choose(fired[u], chosen_down[u], chosen_up[u]);
			vf told = expected(fired[u], p[u], rest[u], A, w_k, chosen, total[u]);
			if (bonus)
				told += c * choose(fired[u], rest[u], -p[u]);
			s[u] += told;
		}
	}
	UNROLL
	for (size_t u = 0; u < units; u++) {
		store(score + u * LANES + lane, s[u]);
		if (said)
			store(said + u * LANES + lane, o[u]);
	}
}

/* The same of up to 16 units. With an action unit, one finds registers for all it needs. */
INLINE void expect_units(const bern_fused_net *net, const bern_fused_tile *tile,
			 const bern_firing_room *room, float *score, float *said, size_t t,
			 size_t lane, size_t j, size_t units, int bonus)
{
	const size_t N = net->logits;
	size_t u = 0;
	for (; net->one_unit && u < units; u++)
		expect_firings(net, tile, room, score + u * LANES, said + u * LANES, t, lane, j + u,
			       1, 1, bonus);
	for (; u + 4 <= units; u += 4)
		expect_firings(net, tile, room, score + u * LANES, NULL, t, lane, j + u, 4, N,
			       bonus);
	for (; u < units; u++)
		expect_firings(net, tile, room, score + u * LANES, NULL, t, lane, j + u, 1, N,
			       bonus);
}

/* The same of one firing, for `units` neighbours: nobody else could have spoken. */
INLINE void expect_once(const bern_fused_net *net, const bern_fused_tile *tile,
			const bern_firing_room *room, float *score, size_t t, size_t lane, size_t j,
			size_t units, size_t N, int one_unit, int bonus)
{
	const size_t row = t * net->layer[0].units + j, P = net->layer[0].padded;
	const float *up = room->turned + j, *down = up + N * P;
	const float *pi = tile->pi + t * N * LANES + lane;
	const vf A = load(tile->signal + t * LANES + lane), c = load(room->c + lane);
	vf chosen[4], total[4];
	vm fired[4];
	vi action;
	memcpy(&action, tile->action + t * LANES + lane, sizeof action);
	UNROLL
	for (size_t u = 0; u < units; u++) {
		fired[u] = load_mask(unit_at(tile->fired[0], row + u, lane));
		chosen[u] = all(1.0f);
		total[u] = one_unit ? 1.0f - load(pi) : (vf){0};
	}
	for (size_t n = 0; n < N; n++) {
		const vm said = equal(action, (one_unit ? 1 : (int32_t)n) - (vi){0});
		const vf pi_n = load(pi + n * LANES);
		UNROLL
		for (size_t u = 0; u < units; u++) {
			const vf turned = choose(fired[u], all(down[n * P + u]),
						 all(up[n * P + u]));
			total[u] += pi_n * turned;
			chosen[u] = choose(said, turned, chosen[u]);
		}
	}
	UNROLL
	for (size_t u = 0; u < units; u++) {
		const vf p = load(tile->p[0] + (row + u) * LANES + lane), rest = 1.0f - p;
		vf told = expected(fired[u], p, rest, A, all(1.0f), chosen[u], total[u]);
		if (bonus)
			told += c * choose(fired[u], rest, -p);
		store(score + u * LANES, told);
	}
}

/* The same of up to 16 units. */
INLINE void expect_units_once(const bern_fused_net *net, const bern_fused_tile *tile,
			      const bern_firing_room *room, float *score, size_t t, size_t lane,
			      size_t j, size_t units, int bonus)
{
	const size_t N = net->logits;
	size_t u = 0;
	for (; net->one_unit && u < units; u++)
		expect_once(net, tile, room, score + u * LANES, t, lane, j + u, 1, 1, 1, bonus);
	for (; u + 4 <= units; u += 4)
		expect_once(net, tile, room, score + u * LANES, t, lane, j + u, 4, N, 0, bonus);
	for (; u < units; u++)
		expect_once(net, tile, room, score + u * LANES, t, lane, j + u, 1, N, 0, bonus);
}

/* 1: the sums of an action unit's weights come with the scores, over many firings side by side. */
INLINE int sums_said(const bern_fused_net *net)
{
	return net->one_unit && net->firings > 1;
}

/* Scores of 16 units from j on at step t, to rows; with an action unit and many firings also its weights' sums to room->out. */
static void score_units(const bern_fused_net *net, const bern_fused_tile *tile,
			const bern_firing_room *room, size_t t, size_t j, int bonus)
{
	const size_t J = net->layer[0].units, P = net->layer[0].padded;
	const size_t end = J - j < 16 ? J - j : 16;
	float score[16 * LANES], said[16 * LANES], rows[LANES * 16];
	memset(score + end * LANES, 0, (16 - end) * LANES * sizeof(float));
	memset(said + end * LANES, 0, (16 - end) * LANES * sizeof(float));
	for (size_t lane = 0; lane < LANES; lane += W) {
		size_t u = 0;
		if (net->expects && net->firings == 1) {
			expect_units_once(net, tile, room, score + lane, t, lane, j, end, bonus);
			continue;
		}
		if (net->expects) {
			expect_units(net, tile, room, score, said, t, lane, j, end, bonus);
			continue;
		}
		for (; net->one_unit && u + 4 <= end; u += 4)
			sum_firings(net, tile, room, score + u * LANES, said + u * LANES, t, lane,
				    j + u, 4);
		for (; net->one_unit && u < end; u++)
			sum_firings(net, tile, room, score + u * LANES, said + u * LANES, t, lane,
				    j + u, 1);
		for (; u + 4 <= end; u += 4)
			sum_firings(net, tile, room, score + u * LANES, NULL, t, lane, j + u, 4);
		for (; u < end; u++)
			sum_firings(net, tile, room, score + u * LANES, NULL, t, lane, j + u, 1);
	}
	to_rows(room->rows + t * LANES * P + j, P, score, LANES);
	if (!sums_said(net))
		return;
	to_rows(rows, 16, said, LANES);
	for (size_t u = 0; u < 16; u += W) {
		vf sum = load(room->out + j + u);
		for (size_t l = 0; l < LANES; l++)
			sum += load(rows + l * 16 + u);
		store(room->out + j + u, sum);
	}
}

#if W < 16 && defined(__SSE2__)
/* Firings of 16 units: the bytes of lanes 0-7 and of lanes 8-15. */
INLINE void split_lanes(const fired_unit *h, __m128i *low, __m128i *high)
{
	const __m128i lower = _mm_set1_epi16(0xff);
	__m128i half[2]; /* 8 units, a word each */
	UNROLL
	for (size_t i = 0; i < 2; i++) {
#if W == 8
		half[i] = _mm_loadu_si128((const __m128i *)h + i);
#else
		__m128i quarter[2]; /* 4 units, 4 lanes in each of their bytes */
		UNROLL
		for (size_t m = 0; m < 2; m++) {
			__m128i x = _mm_loadu_si128((const __m128i *)h + 2 * i + m);
			x = _mm_or_si128(x, _mm_srli_epi32(x, 4));
			quarter[m] = _mm_and_si128(x, lower);
		}
		half[i] = _mm_packus_epi16(quarter[0], quarter[1]);
#endif
	}
	*low = _mm_packus_epi16(_mm_and_si128(half[0], lower), _mm_and_si128(half[1], lower));
	*high = _mm_packus_epi16(_mm_srli_epi16(half[0], 8), _mm_srli_epi16(half[1], 8));
}

/* The uppermost bits of 32 bytes, which are shifted out. */
INLINE uint32_t upper_bits(__m128i bytes[2])
{
	uint32_t bits = (uint32_t)_mm_movemask_epi8(bytes[0]) |
			(uint32_t)_mm_movemask_epi8(bytes[1]) << 16;
	bytes[0] = _mm_add_epi8(bytes[0], bytes[0]);
	bytes[1] = _mm_add_epi8(bytes[1], bytes[1]);
	return bits;
}
#endif

/* bits[k][l][0]: which of 32 units from j on fired in firing k of lane l at step t. Reads that many, whether they are there or not. */
INLINE void unit_bits(const bern_fused_net *net, const bern_fused_tile *tile, uint32_t *bits,
		      size_t t, size_t j)
{
	const size_t K = net->firings, left = net->layer[0].units - j;
	const uint32_t there = left < 32 ? ((uint32_t)1 << left) - 1 : UINT32_MAX;
	for (size_t k = 0; k < K; k++) {
		const fired_unit *h = fired_at(net, tile, t, k, j, 0);
#if W == 16
		const __m512i units = _mm512_loadu_si512(h);
		UNROLL
		for (size_t l = 0; l < LANES; l++) {
			const __m512i lane = _mm512_set1_epi16((int16_t)(1u << l));
			bits[2 * (k * LANES + l)] = there & _mm512_test_epi16_mask(units, lane);
		}
#elif defined(__SSE2__)
		__m128i low[2], high[2]; /* the bytes of 8 lanes, of 16 units */
		split_lanes(h, &low[0], &high[0]);
		split_lanes(h + 16 * (LANES / W), &low[1], &high[1]);
		for (size_t l = 8; l-- > 0;) {
			bits[2 * (k * LANES + l)] = there & upper_bits(low);
			bits[2 * (k * LANES + l + 8)] = there & upper_bits(high);
		}
#else
		for (size_t l = 0; l < LANES; l++) {
			uint32_t some = 0;
			for (size_t u = 0; u < 32; u++)
				some |= (uint32_t)(h[u * (LANES / W) + l / W] >> l % W & 1) << u;
			bits[2 * (k * LANES + l)] = there & some;
		}
#endif
	}
}

/* Which of vector v of 64 units fired, from their bits (2). */
INLINE vm units_mask(const uint32_t *bits, size_t v)
{
#if W == 8
	return load_mask((const fired_unit *)bits + v);
#else
	uint64_t fired;
	memcpy(&fired, bits, sizeof fired);
	fired_unit some = (fired_unit)(fired >> W * v & ((1u << W) - 1));
	return load_mask(&some);
#endif
}

/* vectors of units whose sums are kept side by side */
#define VECTORS (W == 16 ? 4 : 2)

/* Sums of the weights of logits n0 .. n0 + count - 1 from units at step t, vectors v0 .. v0 + vectors - 1 from unit j on: a firing
 * after the other, in each lane. */
INLINE void say(const bern_fused_net *net, const bern_firing_room *room, size_t n0, size_t count,
		size_t j, size_t v0, size_t vectors)
{
	const size_t K = net->firings, N = net->logits, P = net->layer[0].padded;
	float *out = room->out + n0 * P + j + v0 * W;
	vf sum[VECTORS][4];
	UNROLL
	for (size_t v = 0; v < vectors; v++) {
		UNROLL
		for (size_t n = 0; n < count; n++)
			sum[v][n] = load(out + n * P + v * W);
	}
	for (size_t l = 0; l < LANES; l++)
		for (size_t k = 0; k < K; k++) {
			const float *d = room->delta + (k * N + n0) * LANES + l;
			const uint32_t *bits = room->bits + 2 * (k * LANES + l);
			vm fired[VECTORS];
			UNROLL
			for (size_t v = 0; v < vectors; v++)
				fired[v] = units_mask(bits, v0 + v);
			UNROLL
			for (size_t n = 0; n < count; n++) {
				const vf d_n = all(d[n * LANES]);
				UNROLL
				for (size_t v = 0; v < vectors; v++)
					sum[v][n] = add_where(sum[v][n], fired[v], d_n);
			}
		}
	UNROLL
	for (size_t v = 0; v < vectors; v++) {
		UNROLL
		for (size_t n = 0; n < count; n++)
			store(out + n * P + v * W, sum[v][n]);
	}
}

INLINE void say_all(const bern_fused_net *net, const bern_firing_room *room, size_t j, size_t v0,
		    size_t vectors)
{
	size_t n = 0, N = net->logits;
	for (; n + 4 <= N; n += 4)
		say(net, room, n, 4, j, v0, vectors);
	if (n + 3 == N)
		say(net, room, n, 3, j, v0, vectors);
	else if (n + 2 == N)
		say(net, room, n, 2, j, v0, vectors);
	else if (n + 1 == N)
		say(net, room, n, 1, j, v0, vectors);
}

/* Sums of the output's weights at step t, to room->out. */
static void output_weights(const bern_fused_net *net, const bern_fused_tile *tile,
			   const bern_firing_room *room, size_t t)
{
	const size_t J = net->layer[0].units, P = net->layer[0].padded;
	for (size_t j = 0; j < P; j += 64) {
		unit_bits(net, tile, room->bits, t, j);
		if (j + 32 < J)
			unit_bits(net, tile, room->bits + 1, t, j + 32);
#if W < 16
		for (size_t v = 0; v < 64 / W && j + v * W < P; v += VECTORS)
			say_all(net, room, j, v, VECTORS);
#else
		if (j + 48 < P)
			say_all(net, room, j, 0, 4);
		else if (j + 32 < P)
			say_all(net, room, j, 0, 3);
		else if (j + 16 < P)
			say_all(net, room, j, 0, 2);
		else
			say_all(net, room, j, 0, 1);
#endif
	}
}

/* The logits' biases at step t: a firing after the other, in each lane. */
INLINE void say_biases(const bern_fused_net *net, const bern_firing_room *room, float *bias,
		       size_t n0, size_t count)
{
	const size_t K = net->firings, N = net->logits;
	float sum[4];
	UNROLL
	for (size_t n = 0; n < count; n++)
		sum[n] = bias[n0 + n];
	for (size_t l = 0; l < LANES; l++)
		for (size_t k = 0; k < K; k++) {
			UNROLL
			for (size_t n = 0; n < count; n++)
				sum[n] += room->delta[(k * N + n0 + n) * LANES + l];
		}
	UNROLL
	for (size_t n = 0; n < count; n++)
		bias[n0 + n] = sum[n];
}

static void estimate(const bern_fused_net *net, float *sum, const bern_fused_tile *tile,
		     const bern_firing_room *room)
{
	const bern_layer *out = &net->layer[1];
	const size_t J = out->inputs, P = net->layer[0].padded, N = net->logits;
	const int bonus = room->bonus[0] != 0.0f; /* lane 0 is there */
	memset(room->out, 0, N * P * sizeof(float));
	for (size_t t = 0; t < net->steps; t++) {
		size_t n = 0;
		for (size_t lane = 0; lane < LANES; lane += W)
			weigh(net, tile, room, t, lane, bonus);
		for (size_t j = 0; j < P; j += 16)
			score_units(net, tile, room, t, j, bonus);
		if (!sums_said(net))
			output_weights(net, tile, room, t);
		for (; n + 4 <= N; n += 4)
			say_biases(net, room, sum + out->bias, n, 4);
		for (; n < N; n++)
			say_biases(net, room, sum + out->bias, n, 1);
	}
	for (size_t j = 0; j < J; j++)
		for (size_t n = 0; n < N; n++)
			sum[out->weight + j * N + n] = room->out[n * P + j];
}

/* The first `there` of W numbers, and back. */
INLINE vf load_some(const float *x, size_t there)
{
	vf v = {0};
	if (there == W)
		return load(x);
	memcpy(&v, x, there * sizeof(float));
	return v;
}

INLINE void store_some(float *x, vf v, size_t there)
{
	if (there == W)
		store(x, v);
	else
		memcpy(x, &v, there * sizeof(float));
}

/* Inputs i .. i + inputs - 1 and, where i is 0, the biases; `vectors` vectors of units from j on. */
INLINE void outer_block(float *w, float *bias, const float *x, const float *s, size_t rows,
			size_t I, size_t J, size_t i, size_t inputs, size_t j, size_t vectors)
{
	const size_t P = bern_padded(J);
	vf sum[4][4], b[4];
	size_t there[4];
	UNROLL
	for (size_t v = 0; v < vectors; v++) {
		there[v] = J - j - v * W < W ? J - j - v * W : W;
		b[v] = load_some(bias + j + v * W, there[v]);
		UNROLL
		for (size_t m = 0; m < inputs; m++)
			sum[m][v] = load_some(w + (i + m) * J + j + v * W, there[v]);
	}
	for (size_t r = 0; r < rows; r++) {
		const float *x_r = x + (r / LANES * I + i) * LANES + r % LANES;
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf s_v = load(s + r * P + j + v * W);
			b[v] += s_v;
			UNROLL
			for (size_t m = 0; m < inputs; m++)
				sum[m][v] += x_r[m * LANES] * s_v;
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++) {
		UNROLL
		for (size_t m = 0; m < inputs; m++)
			store_some(w + (i + m) * J + j + v * W, sum[m][v], there[v]);
		if (i == 0)
			store_some(bias + j + v * W, b[v], there[v]);
	}
}

/* vectors of units whose sums, of 4 inputs, are kept side by side */
#define ACROSS (W == 16 ? 4 : 2)

/* The same for as many of ACROSS vectors as there are. */
INLINE void outer_blocks(float *w, float *bias, const float *x, const float *s, size_t rows,
			 size_t I, size_t J, size_t i, size_t inputs, size_t j)
{
	if (ACROSS == 4 && j + 3 * W < J)
		outer_block(w, bias, x, s, rows, I, J, i, inputs, j, 4);
	else if (j + W < J)
		outer_block(w, bias, x, s, rows, I, J, i, inputs, j, 2);
	else
		outer_block(w, bias, x, s, rows, I, J, i, inputs, j, 1);
	if (ACROSS == 4 && j + 2 * W < J && j + 3 * W >= J)
		outer_block(w, bias, x, s, rows, I, J, i, inputs, j + 2 * W, 1);
}

static void outer(float *w, float *bias, const float *x, const float *s, size_t rows, size_t I,
		  size_t J)
{
	for (size_t j = 0; j < J; j += ACROSS * W) {
		size_t i = 0;
		for (; i + 4 <= I; i += 4)
			outer_blocks(w, bias, x, s, rows, I, J, i, 4, j);
		for (; i < I; i++)
			outer_blocks(w, bias, x, s, rows, I, J, i, 1, j);
	}
}

/* ---- the baseline ------------------------------------------------------------------------------------ */

/* Units from j on of the relu layer: d dV/da to `back`, what is to be added to their output weights to `out`. */
INLINE void value_units(const bern_fused_net *net, float *out, const float *x, const float *d,
			size_t rows, const bern_firing_room *room, size_t j, size_t vectors,
			size_t O)
{
	const size_t VP = bern_padded(net->value_units);
	const float *w = room->weights + j, *bias = w + O * VP, *w_out = bias + VP;
	vf sum[2];
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		sum[v] = load(out + v * W);
	for (size_t r = 0; r < rows; r++) {
		const float *x_r = x + r / LANES * O * LANES + r % LANES;
		const float d_r = d[r];
		UNROLL
		for (size_t v = 0; v < vectors; v++) {
			vf a = load(bias + v * W);
			for (size_t i = 0; i < O; i++)
				a += x_r[i * LANES] * load(w + i * VP + v * W);
			a = positive(a);
			sum[v] += d_r * a;
			a = where(lessf((vf){0}, a), d_r * load(w_out + v * W));
			store(room->back + r * VP + j + v * W, a);
		}
	}
	UNROLL
	for (size_t v = 0; v < vectors; v++)
		store(out + v * W, sum[v]);
}

static void mlp_estimate(const bern_fused_net *net, float *sum, const float *x, const float *d,
			 size_t rows, const bern_firing_room *room)
{
	const size_t O = net->inputs, V = net->value_units, VP = bern_padded(V);
	float *sum_out = sum + O * V + V;
	/* the inputs' weights, the biases, the output's weights */
	for (size_t i = 0; i < O + 2; i++) {
		memcpy(room->weights + i * VP, net->value + i * V, V * sizeof(float));
		memset(room->weights + i * VP + V, 0, (VP - V) * sizeof(float));
	}
	for (size_t j = 0; j < V; j += 2 * W) {
		const size_t there = V - j < 2 * W ? V - j : 2 * W;
		float out[2 * W] = {0};
		memcpy(out, sum_out + j, there * sizeof(float));
		if (O == 4 && there > W)
			value_units(net, out, x, d, rows, room, j, 2, 4);
		else if (there > W)
			value_units(net, out, x, d, rows, room, j, 2, O);
		else
			value_units(net, out, x, d, rows, room, j, 1, O);
		memcpy(sum_out + j, out, there * sizeof(float));
	}
	outer(sum, sum + O * V, x, room->back, rows, O, V);
}

/* Weights i .. i + count - 1 of the linear baseline. */
INLINE void linear_weights(const bern_fused_net *net, float *sum, const float *x, const float *d,
			   size_t rows, size_t i, size_t count)
{
	float part[8];
	memcpy(part, sum + i, count * sizeof(float));
	for (size_t r = 0; r < rows; r++) {
		const float *x_r = x + (r / LANES * net->inputs + i) * LANES + r % LANES;
		UNROLL
		for (size_t m = 0; m < count; m++)
			part[m] += d[r] * x_r[m * LANES];
	}
	memcpy(sum + i, part, count * sizeof(float));
}

static void value_estimate(const bern_fused_net *net, float *sum, const float *x, const float *d,
			   size_t rows, const bern_firing_room *room)
{
	const size_t O = net->inputs, V = net->value_units;
	const int mlp = net->value_kind == BERN_BASELINE_MLP;
	float *bias = sum + (mlp ? O * V + 2 * V : O), total = *bias;
	size_t i = 0;
	for (size_t r = 0; r < rows; r++)
		total += d[r];
	*bias = total;
	if (mlp) {
		mlp_estimate(net, sum, x, d, rows, room);
		return;
	}
	for (; i + 8 <= O; i += 8)
		linear_weights(net, sum, x, d, rows, i, 8);
	for (; i < O; i++)
		linear_weights(net, sum, x, d, rows, i, 1);
}

extern const bern_firing_kernels BERN_FIRINGS;
const bern_firing_kernels BERN_FIRINGS = {
	.act = act,
	.estimate = estimate,
	.outer = outer,
	.value_estimate = value_estimate,
};
