"""Import of enterprises, people and cameras from an Excel sheet: looked through whole first, then written whole or not at all.

forms     the columns of each kind: headings in Chinese and English, what is required, an example
package   what of a file is opened at all: size, zip bombs, entities, merged cells
sheet     the rows of a sheet as texts, each cell's fault with its row and column
running   a run: read, plan every row, and, unless it is a dry run, carry the plan out in the caller's transaction
enterprises, people, cameras    what a row of each kind means
template  an empty form to fill in
"""
