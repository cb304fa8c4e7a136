"""Write tickets.csv: 1,500 messages to a support desk, and the team that answered each."""

import csv

from curriculum.material.tickets import TEAMS, tickets

made = tickets(1500, seed=1)
with open("tickets.csv", "w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["ticket", "message", "team"])
    for number, (text, team) in enumerate(zip(made.texts, made.y)):
        writer.writerow([f"ticket-{number:05d}", text, TEAMS[team]])
