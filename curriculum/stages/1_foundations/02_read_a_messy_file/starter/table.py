"""Read a file as it was delivered."""


def read_table(body, numeric, decimal):
    """Read a CSV file, whatever office it comes from.

    body      the file's bytes. UTF-8 (with or without a byte order mark) or Windows-1252; between
              the cells is a comma, a semicolon or a tab; cells may be quoted
    numeric   names of the columns that hold numbers, such as ["bill"]; all others hold text
    decimal   what stands before the fraction of a number, "." or ","; the other one of the two may
              stand between thousands. Spaces and a euro sign may stand around a number

    Return a dict:
        rows      one dict for every row after the header, {column: value}: a float in a numeric
                  column, text without spaces at its ends in the others, None where it is missing.
                  Missing is a cell that is empty or one of n/a, NA, -, ? (spaces do not count)
        problems  one (row, column) for every numeric cell that is neither missing nor a number; its
                  value in `rows` is None. The first row after the header is row 1
    """
    text = body.decode("utf-8", errors="replace")
    header, *lines = text.splitlines()
    columns = header.split(",")
    rows = []
    for line in lines:
        row = dict(zip(columns, line.split(",")))
        for name in numeric:
            row[name] = float(row[name])
        rows.append(row)
    return {"rows": rows, "problems": []}
