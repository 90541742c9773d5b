"""What a cell was picked as; apart from the tables, as the rules read it before each job."""

TUMOUR_CELL, NORMAL_CELL = "tumour_cell", "normal_cell"
