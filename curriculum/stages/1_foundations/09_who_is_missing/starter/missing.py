"""Say what answers mean when not everybody answered."""


def who_is_missing(answers, population):
    """Say what the answers to a survey mean, and what they do not.

    answers     DataFrame with one row for everybody who answered: `group` (text) and `score` (1 to 5)
    population  {group: how many customers there are}, those who did not answer included

    Return a dict:
        naive          mean score of those who answered
        most_missing   the group that is missing most, relative to its size: its share of the
                       answers, divided by its share of the population, is smallest
        covered        share of the population (0 to 1) in groups of which somebody answered
        weighted       mean score if in each group those who did not answer are like those who did:
                       the groups' means, weighted by their size in the population; groups without
                       an answer are left out
        lowest         mean score of the whole population if all others had said 1
        highest        mean score of the whole population if all others had said 5
    """
    naive = answers["score"].mean()
    return {
        "naive": naive,
        "most_missing": answers["group"].value_counts().idxmin(),
        "covered": 1.0,
        "weighted": naive,
        "lowest": naive,
        "highest": naive,
    }
