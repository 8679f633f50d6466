"""Questions to a survey of children: who is poor, how unequally, town and village, who is at risk."""
