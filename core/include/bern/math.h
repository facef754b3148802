/* bern/math.h: exp, log, sine and their kin with the same bits on every machine.
 *
 * libm's results change with the CPU and the library version; these are polynomials in plain arithmetic (compile with
 * -ffp-contract=off) and sqrt, header-only, branch-free where a loop may vectorise them. Each says its error, measured over its
 * whole range against a higher precision in tests/test_math.c.
 */
