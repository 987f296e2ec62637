/* The floor of benchmarks/training.py: gradient descent for the 2-10-5-1
 * network with everything fused into one pass over the examples.
 *
 * Eight examples travel together, one in each lane of a vector (a GCC and Clang
 * extension). Their activations stay in registers or in the first-level cache.
 */
#include <math.h>
#include <stdlib.h>

enum { N0 = 2, N1 = 10, N2 = 5, LANES = 8 };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef long long mask __attribute__((vector_size(LANES * sizeof(long long))));

/* Parameters and gradients share this layout, so a step is one loop over both. */
#define NETWORK(number) \
    struct { number W1[N1][N0], b1[N1], W2[N2][N1], b2[N2], W3[N2], b3; }
typedef NETWORK(double) parameters;
typedef NETWORK(lanes) gradients;
enum { PARAMETERS = sizeof(parameters) / sizeof(double) };

/* `value` in the lanes where z is positive, else 0: a comparison sets all bits or none. */
static lanes where_positive(lanes z, lanes value) { return (lanes)((mask)value & (z > 0)); }

/* One group of examples: add its gradients to g and leave its probabilities in a3.
 * `share` is 1/m in the lanes that hold an example and 0 in those that pad the last group. */
static void propagate(const parameters *p, gradients *g, const lanes x[N0], lanes y, lanes share, lanes *a3)
{
    lanes a1[N1], a2[N2], dz1[N1] = {0}, z3 = p->b3 + (lanes){0};

    for (int i = 0; i < N1; i++) {
        lanes z = p->b1[i] + p->W1[i][0] * x[0] + p->W1[i][1] * x[1];
        a1[i] = where_positive(z, z);
    }
    for (int i = 0; i < N2; i++) {
        lanes z = p->b2[i] + (lanes){0};
        for (int j = 0; j < N1; j++) z += p->W2[i][j] * a1[j];
        a2[i] = where_positive(z, z);
        z3 += p->W3[i] * a2[i];
    }
    for (int e = 0; e < LANES; e++) (*a3)[e] = 1 / (1 + exp(-z3[e]));

    lanes dz3 = (*a3 - y) * share;
    g->b3 += dz3;
    for (int i = 0; i < N2; i++) {
        lanes dz2 = where_positive(a2[i], p->W3[i] * dz3);
        g->W3[i] += dz3 * a2[i];
        g->b2[i] += dz2;
        for (int j = 0; j < N1; j++) {
            g->W2[i][j] += dz2 * a1[j];
            dz1[j] += p->W2[i][j] * dz2;
        }
    }
    for (int j = 0; j < N1; j++) {
        lanes dz = where_positive(a1[j], dz1[j]);
        g->b1[j] += dz;
        for (int k = 0; k < N0; k++) g->W1[j][k] += dz * x[k];
    }
}

/* X holds N0 rows of m values, Y one. Writes the cost of every `record_every`-th
 * iteration to `costs`. Returns 0, or 1 if there is no memory. */
int train(parameters *p, const double *X, const double *Y, int m,
          int iterations, int record_every, double learning_rate, double *costs)
{
    int groups = (m + LANES - 1) / LANES;
    struct group { lanes x[N0], y, share; } *data = aligned_alloc(sizeof(lanes), groups * sizeof *data);
    if (!data) return 1;
    for (int e = 0; e < groups * LANES; e++) {
        struct group *group = &data[e / LANES];
        for (int k = 0; k < N0; k++) group->x[k][e % LANES] = e < m ? X[k * m + e] : 0;
        group->y[e % LANES] = e < m ? Y[e] : 0;
        group->share[e % LANES] = e < m ? 1.0 / m : 0;
    }

    for (int iteration = 0; iteration < iterations; iteration++) {
        gradients g = {0};
        double cost = 0;
        for (int i = 0; i < groups; i++) {
            lanes a3;
            propagate(p, &g, data[i].x, data[i].y, data[i].share, &a3);
            if (iteration % record_every == 0)
                for (int e = 0; e < LANES; e++)
                    cost -= data[i].share[e] * log(data[i].y[e] == 1 ? a3[e] : 1 - a3[e]);
        }
        if (iteration % record_every == 0) costs[iteration / record_every] = cost;

        double *value = (double *)p;
        const lanes *slope = (const lanes *)&g;
        for (int k = 0; k < PARAMETERS; k++)
            for (int e = 0; e < LANES; e++) value[k] -= learning_rate * slope[k][e];
    }
    free(data);
    return 0;
}
