"""Values that stand in page text: numbers, money, percentages, dates, periods, and the words around them.

Everything here is a pure function over text. Number formats follow the page's language ("1.299,00" is
German, "1,299.00" English) wherever the digits alone do not tell.
"""
