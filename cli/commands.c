/* The table of commands: a row each, in the order of the help. */
#include "command.h"
#include "lab.h"

#include <string.h>

#define ROW(name, summary, run, help, words)                                                       \
	{                                                                                          \
		name, summary, run, help, words, NULL, 0                                           \
	}

static const command lab_commands[] = {
	ROW("gap", "binary neurons beside the same network by back-propagation", lab_gap,
	    &lab_gap_help, NULL),
	ROW("gates", "conditional computation: experts behind gates of every kind", lab_gates,
	    &lab_gates_help, NULL),
	ROW("list", "the estimators: source, biased or not, needs, cost", lab_list, &lab_list_help,
	    NULL),
	ROW("one-unit", "the smallest story: one unit, every estimator, exactly",
	    lab_one_unit_table, &lab_one_unit_help, NULL),
	ROW("prove", "prove that each estimator is what it claims to be", lab_prove_all,
	    &lab_prove_help, "estimator"),
	ROW("variance", "measure how much estimates vary along a training", lab_variance_table,
	    &lab_variance_help, "estimator"),
	ROW("race", "the steps that each estimator needs on CartPole-v1", lab_race, &lab_race_help,
	    "estimator"),
	ROW("scale", "the steps that wide and deep networks need", lab_scale, &lab_scale_help,
	    "estimator"),
};

const command commands[] = {
	ROW("train", "train an agent in an environment", cmd_train, &train_help, "env"),
	ROW("resume", "go on with a run that was stopped", cmd_resume, &resume_help, "run"),
	ROW("eval", "measure a trained agent", cmd_eval, &eval_help, "run"),
	ROW("export", "write a trained policy as C, safetensors or NPZ", cmd_export, &export_help,
	    "run"),
	ROW("runs", "list runs, show and compare them, remove old checkpoints", cmd_runs,
	    &runs_help, "run"),
	ROW("sweep", "search for good settings over the cores", cmd_sweep, &sweep_help, "file"),
	ROW("watch", "show an agent and its neurons in a window", cmd_watch, &watch_help,
	    "run env"),
	ROW("play", "play an environment yourself", cmd_play, &play_help, "env run"),
	ROW("compare", "compare runs of several configurations", cmd_compare, &compare_help, "run"),
	ROW("plot", "draw learning curves with their bands", cmd_plot, &plot_help, "run"),
	ROW("envs", "list the environments", cmd_envs, &envs_help, NULL),
	ROW("info", "tell all about one environment", cmd_info, &info_help, "env"),
	ROW("trace", "print the steps of an environment", cmd_trace, &trace_help, "env"),
	ROW("draw", "draw an environment into a PNG or SVG file", cmd_draw, &draw_help, "env"),
	ROW("new-env", "write a folder to start an environment of your own from", cmd_new_env,
	    &new_env_help, NULL),
	ROW("check-env", "check whether an environment keeps its promises", cmd_check_env,
	    &check_env_help, "env"),
	ROW("bench", "measure the speed of environments", cmd_bench, &bench_help, "env recipe"),
	{"lab", "examine and prove the estimators of the gradient", cmd_lab, NULL, NULL,
	 lab_commands, sizeof lab_commands / sizeof lab_commands[0]},
	ROW("completion", "print what lets a shell complete bern's arguments", cmd_completion,
	    &completion_help, "shell"),
};
const size_t command_count = sizeof commands / sizeof commands[0];

const command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}
