"""Reports of an enterprise's ledger for people who read paper and spreadsheets: A4 PDF and Excel.

asked     what is asked for: period, sections, format, language
reading   entries of the ledger in the period, page by page
records   an entry as a row of typed cells
hazards   a hazard with its findings, photos and ticket steps
chapters  what a report holds, a chapter a section: both writers take it
photos    evidence as small upright JPEGs, heads blurred where that is asked for
fonts, paper, cards, pdf    the A4 document
workbook  the Excel file
making    writes the file, hashes it, and records it in the ledger
queue     reports that wait: asked for, cancelled, expired
worker    makes waiting reports in a thread
"""
