"""The grader: from a folder of submissions to results, feedback pages and grades.csv."""
