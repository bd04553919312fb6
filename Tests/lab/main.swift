import LabKit
print("lab")
